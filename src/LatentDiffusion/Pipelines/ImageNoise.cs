using TorchSharp;
using static TorchSharp.torch;

namespace LatentDiffusion;

/// <summary>All noise of one image: that of its seed or, where it is a variation, between those of two.</summary>
internal sealed class ImageNoise : INoiseSource, IDisposable
{
    // Below it the two point the same way, or opposite ones, and the arc between them is not unique.
    private const double LeastSine = 1e-6;

    private readonly GeneratorNoise _from;
    private readonly GeneratorNoise? _to;
    private readonly double _share;

    /// <summary>The noise of a request that is complete and for one image.</summary>
    public ImageNoise(GenerationRequest request)
    {
        _from = new GeneratorNoise(request.Seed!.Value);
        if (request.VariationSeed is not { } other) return;
        _to = new GeneratorNoise(other);
        _share = request.VariationStrength!.Value;
    }

    public Tensor NextLike(Tensor like)
    {
        if (_to is null) return _from.NextLike(like);
        using DisposeScope scope = NewDisposeScope();
        return Between(_from.NextLike(like), _to.NextLike(like)).MoveToOuterDisposeScope();
    }

    public void Dispose()
    {
        _from.Dispose();
        _to?.Dispose();
    }

    /// <summary>Spherical interpolation (Shoemake 1985): a mix of two draws keeps the length of noise.</summary>
    private Tensor Between(Tensor a, Tensor b)
    {
        double cosine = (a * b).sum().ToDouble() / (a.norm().ToDouble() * b.norm().ToDouble());
        double angle = Math.Acos(Math.Clamp(cosine, -1, 1)), sine = Math.Sin(angle);
        return sine < LeastSine
            ? a.Multiply(1 - _share).Add(b, _share)
            : a.Multiply(Math.Sin((1 - _share) * angle) / sine).Add(b, Math.Sin(_share * angle) / sine);
    }
}
