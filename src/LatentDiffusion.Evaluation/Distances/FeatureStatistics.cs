using TorchSharp;
using static TorchSharp.torch;

namespace LatentDiffusion.Evaluation;

/// <summary>Mean and covariance of features, in double precision. Owns its tensors.</summary>
public sealed class FeatureStatistics : IDisposable
{
    /// <summary>Takes what is given.</summary>
    /// <param name="mean">float64 [width].</param>
    /// <param name="covariance">float64 [width, width], symmetric.</param>
    /// <param name="count">Number of pictures behind them.</param>
    /// <exception cref="ArgumentException">Shapes or types do not fit.</exception>
    public FeatureStatistics(Tensor mean, Tensor covariance, long count)
    {
        ArgumentNullException.ThrowIfNull(mean);
        ArgumentNullException.ThrowIfNull(covariance);
        if (mean.dim() != 1 || covariance.dim() != 2 || covariance.shape[0] != mean.shape[0] || covariance.shape[1] != mean.shape[0]
            || mean.dtype != ScalarType.Float64 || covariance.dtype != ScalarType.Float64)
        {
            throw new ArgumentException($"Statistics are float64 [width] and [width, width]; these are {mean.dtype} [{string.Join(", ", mean.shape)}] and {covariance.dtype} [{string.Join(", ", covariance.shape)}].");
        }

        (Mean, Covariance, Count) = (mean, covariance, count);
    }

    /// <summary>Mean, float64 [width].</summary>
    public Tensor Mean { get; }

    /// <summary>Covariance, float64 [width, width].</summary>
    public Tensor Covariance { get; }

    /// <summary>Number of pictures behind them.</summary>
    public long Count { get; }

    /// <summary>The statistics of features; the covariance is the unbiased one.</summary>
    /// <param name="features">[pictures, width] of at least two pictures.</param>
    /// <exception cref="ArgumentException">The shape is another, or a feature is not finite.</exception>
    public static FeatureStatistics Of(Tensor features)
    {
        using DisposeScope scope = NewDisposeScope();
        Tensor values = FeatureMatrix.Checked(features, 2, nameof(features));
        Tensor mean = values.mean([0]), centred = values - mean;
        return new FeatureStatistics(
            mean.DetachFromDisposeScope(), centred.t().mm(centred).Divide(values.shape[0] - 1).DetachFromDisposeScope(), values.shape[0]);
    }

    /// <summary>Disposes the tensors.</summary>
    public void Dispose()
    {
        Mean.Dispose();
        Covariance.Dispose();
    }
}
