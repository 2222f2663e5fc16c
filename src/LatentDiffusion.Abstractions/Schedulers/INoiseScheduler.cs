namespace LatentDiffusion;

/// <summary>
/// A sampling algorithm over a training schedule. Immutable and safe for concurrent use: everything that one generation
/// changes lives in the run that <see cref="Start"/> returns.
/// </summary>
public interface INoiseScheduler
{
    /// <summary>What the denoiser's output is taken to be.</summary>
    PredictionType PredictionType { get; }

    /// <summary>Number of training timesteps T; timesteps are in [0, T).</summary>
    int TrainingTimesteps { get; }

    /// <summary>
    /// How many evaluations of the denoiser a step takes, published as <c>order</c>: a run begins within the schedule at a
    /// multiple of it (<see cref="SamplingOptions.BeginIndex"/>). Default 1.
    /// </summary>
    int EvaluationsPerStep => 1;

    /// <summary>Starts one generation.</summary>
    /// <param name="options">Number of steps and the options of this run.</param>
    /// <exception cref="ArgumentException">An option does not fit this scheduler; the message names it.</exception>
    ISchedulerRun Start(SamplingOptions options);
}
