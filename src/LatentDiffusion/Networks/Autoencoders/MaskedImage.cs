using static TorchSharp.torch;

namespace LatentDiffusion.Networks;

/// <summary>An image that is partly repainted, or a tile of it, as a decoder reads it.</summary>
/// <param name="Visible">Its pixels in [−1, 1], 0 where it is repainted, [batch, 3, height, width].</param>
/// <param name="Mask">1 where it is repainted and 0 where it stays, [1 or batch, 1, height, width].</param>
internal sealed record MaskedImage(Tensor Visible, Tensor Mask)
{
    /// <summary>The masked image of a context, in the current dispose scope; null where the context has no image or no mask.</summary>
    /// <param name="context">The context.</param>
    /// <param name="batch">Number of images that are decoded.</param>
    /// <param name="height">Their height in pixels.</param>
    /// <param name="width">Their width in pixels.</param>
    /// <param name="type">Type in which the decoder computes.</param>
    /// <exception cref="ArgumentException">Image or mask has another shape.</exception>
    public static MaskedImage? Create(DecodingContext context, long batch, long height, long width, ScalarType type)
    {
        if (context.Image is not { } image || context.Mask is not { } mask) return null;
        Check(image, 3, nameof(context.Image));
        Check(mask, 1, nameof(context.Mask));
        Tensor repainted = mask.to(type);
        return new MaskedImage(image.to(type) * repainted.SubtractFrom(1), repainted);

        void Check(Tensor tensor, long channels, string name)
        {
            if (tensor.dim() == 4 && (tensor.shape[0] == 1 || tensor.shape[0] == batch)
                && tensor.shape[1] == channels && tensor.shape[2] == height && tensor.shape[3] == width) return;
            throw new ArgumentException(
                $"{name} is [{string.Join(", ", tensor.shape)}]; expected [1 or {batch}, {channels}, {height}, {width}], the size of the "
                + "decoded image.",
                nameof(context));
        }
    }

    /// <summary>A view of a tile of it.</summary>
    /// <param name="tile">The tile.</param>
    /// <param name="factor">Pixels to a latent pixel.</param>
    public MaskedImage Slice(Tile tile, int factor) => new(tile.Slice(Visible, factor), tile.Slice(Mask, factor));
}
