using TorchSharp;
using static TorchSharp.torch;

namespace LatentDiffusion.Evaluation;

/// <summary>Mean and covariance of features, in double precision. Owns its tensors.</summary>
public sealed class FeatureStatistics : IDisposable
{
    /// <summary>Wraps a mean and a covariance.</summary>
    /// <param name="mean">float64 [width]; the instance takes ownership.</param>
    /// <param name="covariance">float64 [width, width], symmetric; the instance takes ownership.</param>
    /// <param name="count">Number of images they were computed from.</param>
    /// <exception cref="ArgumentException">Shapes or types do not match.</exception>
    public FeatureStatistics(Tensor mean, Tensor covariance, long count)
    {
        ArgumentNullException.ThrowIfNull(mean);
        ArgumentNullException.ThrowIfNull(covariance);
        if (mean.dim() != 1 || covariance.dim() != 2 || covariance.shape[0] != mean.shape[0] || covariance.shape[1] != mean.shape[0]
            || mean.dtype != ScalarType.Float64 || covariance.dtype != ScalarType.Float64)
        {
            throw new ArgumentException(
                $"Statistics are float64 [width] and [width, width]; these are {mean.dtype} [{string.Join(", ", mean.shape)}] and "
                + $"{covariance.dtype} [{string.Join(", ", covariance.shape)}].");
        }

        (Mean, Covariance, Count) = (mean, covariance, count);
    }

    /// <summary>Mean, float64 [width].</summary>
    public Tensor Mean { get; }

    /// <summary>Covariance, float64 [width, width].</summary>
    public Tensor Covariance { get; }

    /// <summary>Number of images they were computed from.</summary>
    public long Count { get; }

    /// <summary>Computes the mean and the unbiased covariance of features.</summary>
    /// <param name="features">[images, width] of at least two images.</param>
    /// <exception cref="ArgumentException">The shape is different, or a feature is not finite.</exception>
    public static FeatureStatistics FromFeatures(Tensor features)
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
