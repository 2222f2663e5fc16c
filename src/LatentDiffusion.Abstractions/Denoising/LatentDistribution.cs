using static TorchSharp.torch;

namespace LatentDiffusion;

/// <summary>The diagonal Gaussian that an encoder gives for each latent (Kingma &amp; Welling 2014). Owns its tensors.</summary>
/// <param name="mean">Mean, [batch, channels, height, width].</param>
/// <param name="standardDeviation">Standard deviation of the same shape; null for encoders without one, whose distribution is a
/// point.</param>
public sealed class LatentDistribution(Tensor mean, Tensor? standardDeviation = null) : IDisposable
{
    /// <summary>Mean, which is also the mode, [batch, channels, height, width].</summary>
    public Tensor Mean { get; } = mean;

    /// <summary>Standard deviation; null for a point distribution.</summary>
    public Tensor? StandardDeviation { get; } = standardDeviation;

    /// <summary>A draw: mean + deviation·noise, as a new tensor.</summary>
    public Tensor Sample(INoiseSource noise)
    {
        ArgumentNullException.ThrowIfNull(noise);
        if (StandardDeviation is null) return Mean.clone();
        using Tensor epsilon = noise.NextLike(Mean);
        return Mean.AddProduct(StandardDeviation, epsilon);
    }

    /// <summary>Disposes the tensors.</summary>
    public void Dispose()
    {
        Mean.Dispose();
        StandardDeviation?.Dispose();
    }
}
