using static TorchSharp.torch;

namespace LatentDiffusion.Judge;

/// <summary>Trains the judge, once for all models. A stopped run continues.</summary>
internal static class JudgeTraining
{
    private const int BatchSize = 64;

    /// <param name="folder">Folder of its weights and checkpoints.</param>
    /// <param name="size">Width and height of its drawings in pixels; the judge scales images to it.</param>
    /// <param name="steps">Steps of the whole run.</param>
    /// <param name="precision">Number format of the passes.</param>
    /// <param name="progress">Reports every step.</param>
    /// <param name="cancellationToken">Stops the run after the current step.</param>
    /// <returns>Whether the run is complete.</returns>
    public static bool Run(
        string folder,
        int size,
        long steps,
        TrainingPrecision precision,
        IProgress<TrainingProgress> progress,
        CancellationToken cancellationToken)
    {
        JudgeSize.Write(folder, size);
        manual_seed((long)Classifier.Seed);
        using var network = new JudgeNetwork();
        var options = new TrainingOptions
        {
            Seed = Classifier.Seed, Steps = steps, EmaDecay = 0.998, CheckpointEvery = 100, Precision = precision,
            Optimizer = new OptimizerOptions { LearningRate = 2e-3, WarmupSteps = 200, WeightDecay = 0.02 },
        };
        var objective = new JudgeObjective(network, Classifier.Seed, size, BatchSize);
        if (!new Trainer(options).Run(objective, Path.Combine(folder, "checkpoints"), progress, cancellationToken)) return false;
        StateDict.Save(network, Path.Combine(folder, Classifier.File));
        return true;
    }
}
