namespace LatentDiffusion;

/// <summary>An upscaler that only resizes.</summary>
/// <param name="name">Its name.</param>
/// <param name="resize">Gives an image of a width and height.</param>
internal sealed class ResizingUpscaler(string name, Func<ImageBuffer, int, int, ImageBuffer> resize) : IImageUpscaler
{
    public string Name => name;

    public int Scale => 2;

    public ImageBuffer Upscale(
        ImageBuffer image, int width, int height, IProgress<UpscalingProgress>? progress = null,
        CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(image);
        ArgumentOutOfRangeException.ThrowIfLessThan(width, 1);
        ArgumentOutOfRangeException.ThrowIfLessThan(height, 1);
        cancellationToken.ThrowIfCancellationRequested();
        ImageBuffer resized = resize(image, width, height);
        progress?.Report(new UpscalingProgress(1, 1));
        return resized;
    }
}
