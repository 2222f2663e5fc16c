using TorchSharp;
using static TorchSharp.torch;

namespace LatentDiffusion.Runtime;

/// <summary>
/// Noise from a separate seeded generator on the CPU, so that a seed gives the same stream for every device: that of PyTorch's CPU
/// generator, bit for bit on CPUs with the same instruction set and within rounding on others. Does not use global generators.
/// Not safe for concurrent use.
/// </summary>
public sealed class GeneratorNoise : INoiseSource, IDisposable
{
    private readonly Generator _generator;

    /// <summary>Starts the stream of a seed.</summary>
    /// <param name="seed">Any number.</param>
    public GeneratorNoise(ulong seed)
    {
        Seed = seed;
        _generator = new Generator(seed, CPU);
    }

    /// <summary>The seed of the stream.</summary>
    public ulong Seed { get; }

    /// <summary>Draws the next noise in single precision, then converts and moves it.</summary>
    /// <param name="like">Shape, data type and device of the result; its values are not read.</param>
    public Tensor NextLike(Tensor like)
    {
        ArgumentNullException.ThrowIfNull(like);
        Tensor drawn = Next(like.shape);
        if (like.dtype == ScalarType.Float32 && like.device_type == DeviceType.CPU) return drawn;
        using (drawn) return drawn.to(like.dtype, like.device);
    }

    /// <summary>Draws the next noise, single precision on the CPU.</summary>
    /// <param name="shape">The result's shape.</param>
    public Tensor Next(params ReadOnlySpan<long> shape) =>
        randn(shape.ToArray(), dtype: ScalarType.Float32, device: CPU, generator: _generator);

    /// <summary>Releases the generator.</summary>
    public void Dispose() => _generator.Dispose();
}
