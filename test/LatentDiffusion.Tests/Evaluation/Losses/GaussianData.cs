using LatentDiffusion.Evaluation;
using static TorchSharp.torch;

namespace LatentDiffusion.Tests.Evaluation;

/// <summary>Latents drawn from N(0, s²), for which the best denoiser is a formula.</summary>
internal static class GaussianData
{
    public static EvaluationSet Set(double deviation, int count, ulong seed = 3, int size = 8)
    {
        using var noise = new GeneratorNoise(seed);
        Tensor latents = noise.Next(count, 4, size, size).mul_(deviation).DetachFromDisposeScope();
        return new EvaluationSet(latents, new Conditioning(zeros(count, 2, 3).DetachFromDisposeScope()));
    }

    /// <summary>E[x_0|x_t] as the prediction of the process.</summary>
    public static FormulaDenoiser Best(DiffusionProcess process, double deviation) => new((noisy, timestep) =>
    {
        NoiseLevel level = process.LevelAt(timestep);
        (double signal, double noise) = level;
        double factor = signal * deviation * deviation / (signal * signal * deviation * deviation + noise * noise);
        (double a, double b) = process.TargetWeights(level);
        // x_0 = factor·x_t and ε = (x_t − s·x_0)/n.
        return noisy * (a * factor + b * (1 - signal * factor) / noise);
    });

    /// <summary>The mean squared error of the best denoiser.</summary>
    public static double LeastError(DiffusionProcess process, int t, double deviation)
    {
        NoiseLevel level = process.LevelAt(process.NetworkTimestep(t));
        (double signal, double noise) = level;
        double variance = deviation * deviation;
        double clean = variance * noise * noise / (signal * signal * variance + noise * noise);
        double perClean = process.CleanWeights(level).Prediction;
        return clean / (perClean * perClean);
    }
}
