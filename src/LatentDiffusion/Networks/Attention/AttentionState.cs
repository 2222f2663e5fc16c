namespace LatentDiffusion;

/// <summary>What an evaluation of the U-Net has beside its inputs.</summary>
/// <param name="Texts">Keys and values of the texts seen before in this generation; null to compute them anew.</param>
/// <param name="Perturbed">The blocks whose self-attention map is the identity; null for none.</param>
/// <param name="Stop">Cancelled where the evaluation is not to be made.</param>
internal sealed record AttentionState(TextCache? Texts, IReadOnlySet<BasicTransformerBlock>? Perturbed = null, CancellationToken Stop = default);
