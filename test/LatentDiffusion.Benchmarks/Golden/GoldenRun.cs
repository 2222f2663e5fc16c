using static TorchSharp.torch;

namespace LatentDiffusion.Benchmarks;

/// <summary>A training run of three steps.</summary>
internal static class GoldenRun
{
    public static TrainingOptions Options { get; } = new()
    {
        Steps = 3, Seed = 1, CheckpointEvery = 3, EmaDecay = 0.9,
        Optimizer = new OptimizerOptions { LearningRate = 0.01, WarmupSteps = 0, Decay = LearningRateDecay.Constant },
    };

    /// <summary>Trains and adds losses, gradient norms and the weights of every trained network.</summary>
    public static void Train(ITrainingObjective objective, string folder, GoldenHashes hashes, TrainingOptions? options = null)
    {
        new Trainer(options ?? Options).Run(objective, folder, new Report(hashes));
        foreach ((string component, nn.Module network) in objective.Modules)
        {
            using NetworkUse weights = NetworkUse.ToRead(network);
            foreach ((string _, Tensor value) in network.state_dict().OrderBy(v => v.Key, StringComparer.Ordinal))
                hashes.Add($"weights of {component}", value);
        }
    }

    private sealed class Report(GoldenHashes hashes) : IProgress<TrainingProgress>
    {
        void IProgress<TrainingProgress>.Report(TrainingProgress value)
        {
            hashes.Add("losses", value.Loss);
            hashes.Add("losses", value.GradientNorm);
        }
    }
}
