using TorchSharp;
using static TorchSharp.torch;

namespace LatentDiffusion.Evaluation;

/// <summary>
/// Features of an untrained convolutional network with weights from a fixed seed: the mean and the standard deviation over the
/// image of each channel of three layers. They represent colour, edges and texture and need no weights file. They say little
/// about an image's content, and their distances are not those of the literature, which use Inception features.
/// </summary>
public sealed class RandomConvolutionFeatures : IFeatureExtractor, IDisposable
{
    private static readonly int[] s_channels = [3, 32, 64, 96];

    private readonly Tensor[] _weights;
    private readonly int _size;
    private readonly ulong _seed;

    /// <summary>Draws the weights.</summary>
    /// <param name="seed">Seed of the weights. Default 0.</param>
    /// <param name="size">Width and height in pixels that images are resized to, at least 16. Default 64.</param>
    public RandomConvolutionFeatures(ulong seed = 0, int size = 64)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(size, 16);
        (_seed, _size) = (seed, size);
        using var noise = new GeneratorNoise(seed);
        _weights = [.. s_channels.Zip(s_channels.Skip(1), (from, to) =>
        {
            // Variance 2 over the fan-in keeps the scale through rectified layers (He et al. 2015).
            Tensor weight = noise.Next(to, from, 3, 3);
            return weight.MultiplyInPlace(Math.Sqrt(2.0 / (9 * from))).DetachFromDisposeScope();
        })];
    }

    /// <inheritdoc />
    public string Name => $"random convolutions (untrained, seed {_seed}, {_size} x {_size})";

    /// <inheritdoc />
    public Tensor Extract(IReadOnlyList<ImageBuffer> images)
    {
        ArgumentNullException.ThrowIfNull(images);
        using IDisposable noGrad = no_grad();
        using DisposeScope scope = NewDisposeScope();
        Tensor layer = ImageTensor.FromImages([.. images.Select(i => i.Resize(_size, _size))]);
        var features = new List<Tensor>();
        foreach (Tensor weight in _weights)
        {
            layer = nn.functional.relu(nn.functional.conv2d(layer, weight, strides: [2, 2], padding: [1, 1]));
            Tensor mean = layer.mean([2, 3], keepdim: true);
            features.Add(mean.flatten(1));
            features.Add((layer - mean).Square().mean([2, 3]).sqrt());
        }

        return cat(features, 1).MoveToOuterDisposeScope();
    }

    /// <summary>Releases the weights.</summary>
    public void Dispose()
    {
        foreach (Tensor weight in _weights) weight.Dispose();
    }
}
