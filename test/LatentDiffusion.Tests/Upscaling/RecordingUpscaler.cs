using static TorchSharp.torch;

namespace LatentDiffusion.Tests.Upscaling;

/// <summary>An upscaler of an application: repeats pixels, and records what is asked of it.</summary>
internal sealed class RecordingUpscaler : IImageUpscaler, IDisposable
{
    public string Name => "recording";

    public int Scale => 3;

    /// <summary>Calls and moves in their order.</summary>
    public List<string> Seen { get; } = [];

    public Action<CancellationToken>? BeforeWork { get; set; }

    public long Bytes { get; set; }

    public ImageBuffer Upscale(
        ImageBuffer image, int width, int height, IProgress<UpscalingProgress>? progress = null,
        CancellationToken cancellationToken = default)
    {
        BeforeWork?.Invoke(cancellationToken);
        cancellationToken.ThrowIfCancellationRequested();
        Seen.Add($"{image.Width} x {image.Height} to {width} x {height}");
        return KnownUpscalers.Nearest.Upscale(image, width, height, progress, cancellationToken);
    }

    public bool TryMoveTo(Device device)
    {
        Seen.Add("move");
        return true;
    }

    public long WorkingBytes(int width, int height) => Bytes;

    public void Dispose() => Seen.Add("disposed");
}
