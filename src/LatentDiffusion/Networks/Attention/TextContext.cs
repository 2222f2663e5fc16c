using static TorchSharp.torch;

namespace LatentDiffusion.Networks;

/// <summary>What the transformer blocks receive in one evaluation in addition to the image.</summary>
/// <param name="Text">The text that they attend to, [batch, tokens, context width].</param>
/// <param name="Bias">Added to the logits of attention to the text; null for none.</param>
/// <param name="Cached">Keys and values of this text as earlier evaluations left them; null to compute them again.</param>
/// <param name="Perturbed">The blocks whose self-attention map is the identity; null for none.</param>
internal sealed record TextContext(
    Tensor Text, Tensor? Bias, TextKeysAndValues? Cached = null, IReadOnlySet<BasicTransformerBlock>? Perturbed = null);
