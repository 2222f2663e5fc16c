using static TorchSharp.torch;

namespace LatentDiffusion.Models;

/// <summary>
/// What the lower resolutions of a U-Net gave at an evaluation: they hold what an image shows, and change little from
/// one evaluation to the next (Ma et al. 2024, section 3.2).
/// </summary>
/// <param name="levels">Resolutions, from the highest, that are above them.</param>
internal sealed class CachedFeatures(int levels) : IDisposable
{
    /// <summary>Resolutions, from the highest, that are above them.</summary>
    public int Levels { get; } = levels;

    /// <summary>Features that enter the lowest of those; null if the next evaluation is to compute them.</summary>
    public Tensor? Value { get; private set; }

    /// <summary>Keeps a copy of computed features; the tensor itself stays the network's.</summary>
    public void Keep(Tensor value)
    {
        Invalidate();
        Value = value.alias().DetachFromDisposeScope();
    }

    /// <summary>Lets the next evaluation compute it.</summary>
    public void Invalidate()
    {
        Value?.Dispose();
        Value = null;
    }

    public void Dispose() => Invalidate();
}
