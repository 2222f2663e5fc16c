using static TorchSharp.torch;

namespace LatentDiffusion;

/// <summary>
/// Tokens that one cross-attention layer attends to in addition to the text, with keys and values of their own, such as those of
/// an image (Ye et al. 2023, "IP-Adapter", equation 5): the attention to them is added to that to the text. The tensors stay the
/// caller's.
/// </summary>
/// <param name="Keys">[batch, tokens, width of the layer].</param>
/// <param name="Values">[batch, tokens, width of the layer].</param>
public sealed record AddedContext(Tensor Keys, Tensor Values)
{
    /// <summary>What the attention to them is multiplied by, any finite number. Default 1.</summary>
    public double Scale { get; init; } = 1;

    /// <summary>
    /// How much they count at each position of the image, [batch, 1, height, width] or [1, 1, height, width]. The layer resizes it
    /// to its feature map (bicubic). Null, the default, for 1 everywhere.
    /// </summary>
    public Tensor? Mask { get; init; }
}
