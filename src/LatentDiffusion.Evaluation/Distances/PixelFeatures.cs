using TorchSharp;
using static TorchSharp.torch;

namespace LatentDiffusion.Evaluation;

/// <summary>The pixels of images resized to a small size, for nearest neighbours.</summary>
public sealed class PixelFeatures : IFeatureExtractor
{
    private readonly int _size;

    /// <summary>Creates pixel features.</summary>
    /// <param name="size">Width and height in pixels that images are resized to, at least 1. Default 32.</param>
    public PixelFeatures(int size = 32)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(size, 1);
        _size = size;
    }

    /// <inheritdoc />
    public string Name => $"pixels at {_size} x {_size}";

    /// <inheritdoc />
    public Tensor Extract(IReadOnlyList<ImageBuffer> images)
    {
        ArgumentNullException.ThrowIfNull(images);
        using DisposeScope scope = NewDisposeScope();
        return ImageTensor.FromImages([.. images.Select(i => i.Resize(_size, _size))]).flatten(1).MoveToOuterDisposeScope();
    }
}
