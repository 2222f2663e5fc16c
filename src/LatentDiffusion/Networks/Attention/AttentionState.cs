namespace LatentDiffusion.Networks;

/// <summary>State of a run and changes to attention that an evaluation of the U-Net has in addition to its inputs.</summary>
/// <param name="Texts">Keys and values of the texts seen before in this generation; null to compute them.</param>
/// <param name="Perturbed">The blocks whose self-attention map is the identity; null for none.</param>
internal sealed record AttentionState(TextCache? Texts, IReadOnlySet<BasicTransformerBlock>? Perturbed = null);
