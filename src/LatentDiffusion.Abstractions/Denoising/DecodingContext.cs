using static TorchSharp.torch;

namespace LatentDiffusion;

/// <summary>
/// Inputs of a decoder in addition to latents: the image that is partly repainted, and noise. Each decoder reads those that
/// <see cref="IAutoencoder.ReadsMaskedImage"/> and <see cref="IAutoencoder.DrawsNoise"/> name. The caller owns the tensors.
/// </summary>
public sealed record DecodingContext
{
    /// <summary>Without additional inputs.</summary>
    public static DecodingContext None { get; } = new();

    /// <summary>
    /// The image of which a part is repainted: pixels in [−1, 1], [1 or batch, 3, height, width], as large as the decoded image. Null for
    /// none.
    /// </summary>
    public Tensor? Image { get; init; }

    /// <summary>
    /// 1 where <see cref="Image"/> is repainted and 0 where it stays, [1 or batch, 1, height, width]. Null for none.
    /// </summary>
    public Tensor? Mask { get; init; }

    /// <summary>The noise of each image of the batch, in its order; null for that of the seed 0.</summary>
    public IReadOnlyList<INoiseSource>? Noise { get; init; }

    /// <summary>The inputs of one image of the batch. New tensors belong to the caller.</summary>
    /// <param name="index">Its index in the batch.</param>
    public DecodingContext ForImage(int index) => new()
    {
        Image = One(Image, index), Mask = One(Mask, index), Noise = Noise is null ? null : [Noise[index]],
    };

    private static Tensor? One(Tensor? batch, int index) => batch?.narrow(0, batch.shape[0] == 1 ? 0 : index, 1);
}
