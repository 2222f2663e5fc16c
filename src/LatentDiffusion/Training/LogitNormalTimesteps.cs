using System.ComponentModel.DataAnnotations;
using TorchSharp;
using static TorchSharp.torch;

namespace LatentDiffusion.Training;

/// <summary>
/// Times whose logit is normal (Esser et al. 2024, equation 19): the middle, where the prediction is hardest, is drawn
/// more often than the ends. JSON kind <c>logit_normal</c>.
/// </summary>
public sealed record LogitNormalTimesteps : TimestepSampling
{
    /// <summary>Mean of the logit; above 0 for more noise. Default 0.</summary>
    [Range(-100.0, 100.0)]
    public double Mean { get; init; }

    /// <summary>Standard deviation of the logit, above 0. Default 1.</summary>
    [Range(0.0, 100.0, MinimumIsExclusive = true)]
    public double StandardDeviation { get; init; } = 1;

    /// <inheritdoc />
    public override Tensor Draw(int count, Generator generator)
    {
        using DisposeScope scope = NewDisposeScope();
        return randn(count, generator: generator).Multiply(StandardDeviation).Add(Mean).sigmoid().MoveToOuterDisposeScope();
    }
}
