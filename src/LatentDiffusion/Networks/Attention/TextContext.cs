using static TorchSharp.torch;

namespace LatentDiffusion.Networks;

/// <summary>Inputs of the transformer blocks in one evaluation in addition to the image.</summary>
/// <param name="Text">The text that they attend to, [batch, tokens, context width].</param>
/// <param name="Bias">Added to the logits of attention to the text; null for none.</param>
/// <param name="State">What the run keeps and the evaluation changes; null for neither.</param>
/// <param name="Cached">Keys and values of this text as earlier evaluations left them; null to compute them again.</param>
/// <param name="Repeats">Whether samples repeat, and only the first half of them is computed until the first text is read.</param>
internal sealed record TextContext(
    Tensor Text, Tensor? Bias, AttentionState? State = null, TextKeysAndValues? Cached = null, bool Repeats = false)
{
    /// <summary>Height and width of the feature map whose positions attend.</summary>
    public (long Height, long Width) Size { get; init; }

    /// <summary>What the evaluation changes in a layer; null for nothing.</summary>
    public LayerEdit? EditOf(CrossAttention layer) => State?.Edits?.GetValueOrDefault(layer);

    /// <summary>A tensor of all samples: the same one where it has them.</summary>
    public Tensor Repeated(Tensor hidden) => !Repeats || hidden.shape[0] == Text.shape[0] ? hidden : cat([hidden, hidden]);
}
