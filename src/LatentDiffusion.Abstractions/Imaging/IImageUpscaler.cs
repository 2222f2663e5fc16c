namespace LatentDiffusion;

/// <summary>Enlarges images. Implementations are safe for concurrent use.</summary>
public interface IImageUpscaler : IOffloadable
{
    /// <summary>Name in requests and metadata, for example <c>RealESRGAN_x4plus</c>.</summary>
    string Name { get; }

    /// <summary>Factor by which width and height grow if no size is requested, at least 1.</summary>
    int Scale { get; }

    /// <summary>Enlarges an image to a size.</summary>
    /// <param name="image">The image.</param>
    /// <param name="width">Width of the result in pixels, at least 1.</param>
    /// <param name="height">Height of the result in pixels, at least 1.</param>
    /// <param name="progress">Receives progress on the calling thread; null for none.</param>
    /// <param name="cancellationToken">Checked at least once before anything is computed.</param>
    /// <exception cref="ArgumentOutOfRangeException">Width or height is out of its range.</exception>
    /// <exception cref="OperationCanceledException">It was cancelled.</exception>
    ImageBuffer Upscale(
        ImageBuffer image, int width, int height, IProgress<UpscalingProgress>? progress = null,
        CancellationToken cancellationToken = default);

    /// <summary>About how many bytes one call needs in addition to the image and its result. Default 0: unknown.</summary>
    /// <param name="width">Width of the image in pixels.</param>
    /// <param name="height">Height of the image in pixels.</param>
    long WorkingBytes(int width, int height) => 0;
}
