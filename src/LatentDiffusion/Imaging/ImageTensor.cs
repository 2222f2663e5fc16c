using static TorchSharp.torch;

namespace LatentDiffusion.Imaging;

/// <summary>Converts images to network inputs and back.</summary>
public static class ImageTensor
{
    /// <summary>Half of the 255 levels of a byte: levels 0 and 255 are −1 and 1.</summary>
    private const double HalfRange = 127.5;

    /// <summary>One image as a batch of one.</summary>
    /// <param name="image">The image.</param>
    /// <returns>Pixels in [−1, 1], float32, [1, 3, height, width].</returns>
    public static Tensor FromImage(ImageBuffer image) => FromImages([image]);

    /// <summary>Images as a batch.</summary>
    /// <param name="images">At least one image, all of one size.</param>
    /// <returns>Pixels in [−1, 1], float32, [batch, 3, height, width].</returns>
    /// <exception cref="ArgumentException">No images are given, or two differ in size.</exception>
    public static Tensor FromImages(IReadOnlyList<ImageBuffer> images)
    {
        ArgumentNullException.ThrowIfNull(images);
        if (images.Count == 0) throw new ArgumentException("At least one image is needed.", nameof(images));
        (int width, int height) = (images[0].Width, images[0].Height);
        using var scope = NewDisposeScope();
        Tensor bytes = empty([images.Count, height, width, 3], ScalarType.Byte, CPU);
        for (int i = 0; i < images.Count; i++)
        {
            if (images[i].Width != width || images[i].Height != height)
            {
                throw new ArgumentException(
                    $"Image {i} has {images[i].Width} x {images[i].Height} pixels, image 0 has {width} x {height}: resize them first.",
                    nameof(images));
            }

            images[i].Rgb.CopyTo(bytes[i].bytes);
        }

        Tensor pixels = bytes.permute(0, 3, 1, 2).to(ScalarType.Float32).contiguous();
        return pixels.DivideInPlace(HalfRange).AddInPlace(-1).MoveToOuterDisposeScope();
    }

    /// <summary>A batch as images: round(127.5·x + 127.5) of values clamped to [−1, 1]. NaN becomes black.</summary>
    /// <param name="pixels">Nominally in [−1, 1], [batch, 3, height, width], of any floating-point type and on any device.</param>
    /// <exception cref="ArgumentException">The shape is different.</exception>
    public static ImageBuffer[] ToImages(Tensor pixels)
    {
        ArgumentNullException.ThrowIfNull(pixels);
        if (pixels.shape is not [var count, 3, var height and > 0, var width and > 0])
            throw new ArgumentException(
                $"Pixels are [batch, 3, height, width]; these are [{string.Join(", ", pixels.shape)}].", nameof(pixels));
        using var scope = NewDisposeScope();
        using var noGradient = no_grad();
        Tensor levels = pixels.detach().to(ScalarType.Float32).nan_to_num(-1).Clamp(-1, 1).Multiply(HalfRange).Add(HalfRange).round();
        Tensor bytes = levels.to(ScalarType.Byte).cpu().permute(0, 2, 3, 1).contiguous();
        var images = new ImageBuffer[count];
        for (int i = 0; i < images.Length; i++) images[i] = new ImageBuffer((int)width, (int)height, bytes[i].bytes);
        return images;
    }
}
