namespace LatentDiffusion.Training;

/// <summary>Where a training run stands after a step.</summary>
/// <param name="Step">Steps done.</param>
/// <param name="Steps">Steps of the whole run.</param>
/// <param name="Loss">The step's loss.</param>
/// <param name="SmoothedLoss">Exponentially weighted mean of the losses, over about the last 50 steps.</param>
/// <param name="LearningRate">The step's learning rate.</param>
/// <param name="GradientNorm">Norm of the gradients before clipping.</param>
/// <param name="Elapsed">Time since this process began or resumed the run.</param>
/// <param name="Remaining">Estimated time left.</param>
public sealed record TrainingProgress(
    long Step, long Steps, double Loss, double SmoothedLoss, double LearningRate, double GradientNorm, TimeSpan Elapsed, TimeSpan Remaining)
{
    /// <summary>
    /// What the objective reported in addition to the loss (<see cref="TrainingStep.Report(string, double)"/>), each the mean over the
    /// step's batches.
    /// </summary>
    public IReadOnlyDictionary<string, double> Metrics { get; init; } = new Dictionary<string, double>();
}
