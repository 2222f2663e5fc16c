using LatentDiffusion.Training;
using TorchSharp;
using static TorchSharp.torch;

namespace LatentDiffusion.Samples;

/// <summary>Measures how long a step of a training takes, on a few steps that are then undone.</summary>
internal static class TrainingPace
{
    private const int WarmUpSteps = 2, TrialSteps = 6;

    /// <param name="objective">What is trained.</param>
    /// <param name="options">Options of the training.</param>
    /// <param name="folder">An empty or missing folder, for the checkpoint of these steps.</param>
    /// <param name="processes">Processes that train together; null for one.</param>
    /// <param name="cancellationToken">Stops the steps.</param>
    /// <returns>Seconds a step; null if it was cancelled.</returns>
    public static double? Measure(
        ITrainingObjective objective, TrainingOptions options, string folder, IGradientReducer? processes,
        CancellationToken cancellationToken)
    {
        using DisposeScope scope = NewDisposeScope();
        using IDisposable noGrad = no_grad();
        Tensor[] before = [.. Parameters().Select(p => p.clone())];
        TimeSpan start = default, end = default;
        bool done;
        using (enable_grad())
        {
            var trial = new Trainer(options with { Steps = TrialSteps, CheckpointEvery = TrialSteps }) { Reducer = processes };
            done = trial.Run(objective, folder, new SynchronousProgress<TrainingProgress>(p =>
            {
                if (p.Step == WarmUpSteps) start = p.Elapsed;
                end = p.Elapsed;
            }), cancellationToken);
        }

        foreach ((Tensor parameter, Tensor value) in Parameters().Zip(before)) parameter.copy_(value);
        return done ? (end - start).TotalSeconds / (TrialSteps - WarmUpSteps) : null;

        IEnumerable<Tensor> Parameters() => objective.Modules.Values.SelectMany(m => m.parameters());
    }
}
