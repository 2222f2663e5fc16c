using TorchSharp;
using static TorchSharp.torch;

namespace LatentDiffusion.Networks;

/// <summary>
/// Sampling of an image by a consistency model in two steps (Song et al. 2023, algorithm 1), with the schedule, the timesteps and the
/// boundary condition (its equation 5) of the published consistency decoder.
/// </summary>
internal static class ConsistencyDecoding
{
    /// <summary>Length of the training schedule.</summary>
    public const int TrainingTimesteps = 1024;

    /// <summary>Channels of images.</summary>
    public const int ImageChannels = 3;

    /// <summary>Standard deviation of the training images.</summary>
    private const double DataDeviation = 0.5;

    // Nichol and Dhariwal's cosine; as published, in single precision.
    private static readonly NoiseSchedule s_schedule = NoiseSchedule.Cosine(TrainingTimesteps).InSinglePrecision();

    /// <summary>The timesteps that the model is evaluated at.</summary>
    public static IReadOnlyList<int> Timesteps { get; } = [1008, 512];

    /// <summary>Samples images.</summary>
    /// <param name="noise">Gives the noise of a batch.</param>
    /// <param name="like">Shape, type and device of the images.</param>
    /// <param name="predict">The model's output for scaled images at a timestep.</param>
    /// <param name="cancellationToken">Checked before each evaluation.</param>
    /// <returns>Pixels, nominally in [−1, 1], in the current dispose scope.</returns>
    public static Tensor Sample(
        INoiseSource noise, Tensor like, Func<Tensor, int, Tensor> predict, CancellationToken cancellationToken)
    {
        Tensor? clean = null;
        foreach (int timestep in Timesteps)
        {
            cancellationToken.ThrowIfCancellationRequested();
            using DisposeScope scope = NewDisposeScope();
            double signal = s_schedule.AlphasCumprod[timestep], sigma = Math.Sqrt(1 / signal - 1);
            Tensor noisy = noise.NextLike(like).Multiply(Math.Sqrt(1 - signal));
            if (clean is not null) noisy = noisy.Add(clean, Math.Sqrt(signal));
            // The published coefficients are for samples that keep the variance; √ᾱ leads to those whose noise has the deviation σ.
            double scale = 1 / Math.Sqrt(signal), variance = sigma * sigma + DataDeviation * DataDeviation;
            double input = scale / Math.Sqrt(variance), skip = scale * DataDeviation * DataDeviation / variance;
            double output = sigma * DataDeviation / Math.Sqrt(variance);
            Tensor next = predict(noisy.Multiply(input), timestep).Multiply(output).Add(noisy, skip);
            clean?.Dispose();
            clean = next.MoveToOuterDisposeScope();
        }

        return clean!;
    }
}
