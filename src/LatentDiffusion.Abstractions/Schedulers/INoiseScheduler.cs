namespace LatentDiffusion;

/// <summary>
/// A sampling algorithm over a training schedule. Immutable and safe for concurrent use: everything that one generation
/// changes lives in the run that <see cref="Start"/> returns.
/// </summary>
/// <example>
/// <code>
/// using LatentDiffusion;
/// using LatentDiffusion.Schedulers;
/// using TorchSharp;
/// using static TorchSharp.torch;
///
/// using IDisposable noGradient = no_grad();
/// using DisposeScope scope = NewDisposeScope();
/// INoiseScheduler scheduler = new DdimScheduler();
/// SamplingPlan plan = scheduler.Plan(new SamplingOptions { Steps = 20 }, new LatentShape(4, 64, 64));
/// using ISchedulerRun run = scheduler.Start(plan);
/// Tensor x = randn(1, 4, 64, 64).Multiply(run.InitialNoiseSigma);
/// while (!run.IsCompleted) x = run.Step(Predict(run.ScaleModelInput(x), run.Timestep), x);
///
/// // In place of a network: the noise, where every clean sample is zero.
/// static Tensor Predict(Tensor noisy, double timestep) => noisy.alias();
/// </code>
/// </example>
public interface INoiseScheduler
{
    /// <summary>The prediction type of the denoiser.</summary>
    PredictionType PredictionType { get; }

    /// <summary>Number of training timesteps T; timesteps are in [0, T).</summary>
    int TrainingTimesteps { get; }

    /// <summary>Its configuration as JSON, for the metadata of images; null, the default, where it has none.</summary>
    string? Configuration => null;

    /// <summary>Names of options in its configuration that it ignores, of which a pipeline warns. Default none.</summary>
    IReadOnlyList<string> IgnoredOptions => [];

    /// <summary>Chooses timesteps and noise levels. Computes numbers only, no tensors.</summary>
    /// <param name="options">Number of steps and the other options of the run.</param>
    /// <param name="shape">Size of the latents, on which the shift of some schedules depends.</param>
    /// <exception cref="ArgumentException">An option does not fit this scheduler; the message names it.</exception>
    SamplingPlan Plan(SamplingOptions options, LatentShape shape);

    /// <summary>Starts one generation.</summary>
    /// <param name="plan">A plan that this scheduler made.</param>
    /// <param name="noise">Where stochastic steps take their noise from; null for samplers that draw none. It stays the caller's.</param>
    /// <exception cref="ArgumentException">
    /// The sampler draws noise and <paramref name="noise"/> is null, or the plan is another scheduler's.
    /// </exception>
    ISchedulerRun Start(SamplingPlan plan, INoiseSource? noise = null);
}
