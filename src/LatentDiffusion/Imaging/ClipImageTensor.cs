using static TorchSharp.torch;

namespace LatentDiffusion.Imaging;

/// <summary>
/// Images as CLIP's vision tower reads them (Radford et al. 2021), in the steps of transformers' <c>CLIPImageProcessor</c>.
/// </summary>
internal static class ClipImageTensor
{
    /// <summary>Mean and standard deviation of each channel in CLIP's training images, as fractions of the largest value.</summary>
    private static readonly float[] s_mean = [0.48145466f, 0.4578275f, 0.40821073f], s_deviation = [0.26862954f, 0.26130258f, 0.27577711f];

    /// <summary>
    /// An image whose shorter side is resized to a size (bicubic), cut to its middle square, and normalised by the statistics of the
    /// training images.
    /// </summary>
    /// <param name="image">The image.</param>
    /// <param name="size">Height and width of the square, in pixels.</param>
    /// <returns>float32, [1, 3, size, size].</returns>
    public static Tensor FromImage(ImageBuffer image, int size)
    {
        using var scope = NewDisposeScope();
        ImageBuffer square = Square(image, size);
        Tensor bytes = empty([size, size, 3], ScalarType.Byte, CPU);
        square.Rgb.CopyTo(bytes.bytes);
        Tensor pixels = bytes.to(ScalarType.Float32).Multiply(1.0 / byte.MaxValue);
        Tensor normal = (pixels - tensor(s_mean)) / tensor(s_deviation);
        return normal.permute(2, 0, 1).unsqueeze(0).contiguous().MoveToOuterDisposeScope();
    }

    /// <summary>The middle square of an image whose shorter side has a size.</summary>
    public static ImageBuffer Square(ImageBuffer image, int size)
    {
        // The longer side is rounded down, as there.
        (int width, int height) = image.Width <= image.Height
            ? (size, (int)((long)size * image.Height / image.Width))
            : ((int)((long)size * image.Width / image.Height), size);
        return BicubicResampler.Resize(image, (width, height), (width - size) / 2, (height - size) / 2, size, size);
    }
}
