using TorchSharp;
using static TorchSharp.torch;

namespace LatentDiffusion.Previews;

/// <summary>The estimate of the clean sample from a step's prediction, for previews.</summary>
internal static class DenoisedEstimate
{
    /// <summary>
    /// The most noise at which a predicted ε says something of the sample: beyond, dividing by the signal only magnifies errors.
    /// </summary>
    private const double MostNoise = 100;

    /// <summary>x_0 as the model sees it at the run's current step.</summary>
    /// <param name="scheduler">Gives the prediction type.</param>
    /// <param name="run">The run, before its step.</param>
    /// <param name="sample">x_t, not scaled.</param>
    /// <param name="prediction">The model's output for it, with or without a variance.</param>
    public static Tensor Compute(INoiseScheduler scheduler, ISchedulerRun run, Tensor sample, Tensor prediction)
    {
        using DisposeScope scope = NewDisposeScope();
        PredictionType type = scheduler.PredictionType;
        double sigma = run.Plan.Sigmas[run.StepIndex];
        if (type == PredictionType.Epsilon) sigma = Math.Min(sigma, MostNoise);
        NoiseLevel level = type == PredictionType.Flow ? NoiseLevel.Flow(sigma) : NoiseLevel.VariancePreserving(sigma);
        var process = new DiffusionProcess(null, scheduler.TrainingTimesteps, type);
        Tensor mean = prediction.narrow(1, 0, sample.shape[1]);
        return process.ToClean(mean, run.ScaleModelInput(sample), level).MoveToOuterDisposeScope();
    }
}
