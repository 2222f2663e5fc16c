namespace LatentDiffusion.Networks;

/// <summary>What the attention layers of a network read in one evaluation in addition to its inputs.</summary>
/// <param name="Texts">Keys and values of the texts seen before in this generation; null to compute them.</param>
/// <param name="Edits">The layers that are changed; null for none.</param>
internal sealed record AttentionState(TextCache? Texts, IReadOnlyDictionary<CrossAttention, LayerEdit>? Edits = null);
