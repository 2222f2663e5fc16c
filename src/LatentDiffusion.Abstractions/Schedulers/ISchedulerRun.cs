using static TorchSharp.torch;

namespace LatentDiffusion.Schedulers;

/// <summary>
/// The state of one generation: where it stands, and what a multistep method remembers. Not safe for concurrent use.
/// Disposing it releases the tensors it remembers.
/// </summary>
/// <remarks>
/// The loop that every run supports:
/// <code>
/// x = noise * run.InitialNoiseSigma
/// while (!run.IsCompleted)
///     x = run.Step(denoiser(run.ScaleModelInput(x), run.Timestep), x)
/// </code>
/// </remarks>
public interface ISchedulerRun : IDisposable
{
    /// <summary>The timesteps and noise levels of the run.</summary>
    SamplingPlan Plan { get; }

    /// <summary>
    /// How many evaluations are done: the index into <see cref="Timesteps"/> of the next one. Begins at
    /// <see cref="SamplingPlan.BeginIndex"/>.
    /// </summary>
    int StepIndex { get; }

    /// <summary>
    /// Scales a sample to what the denoiser was trained on, at the current step. May return <paramref name="sample"/> itself,
    /// which is the default.
    /// </summary>
    /// <param name="sample">x_t, [batch, channels, height, width].</param>
    Tensor ScaleModelInput(Tensor sample) => sample;

    /// <summary>One step of the reverse process from the current timestep to the next.</summary>
    /// <param name="modelOutput">The denoiser's output for the scaled sample at <see cref="Timestep"/>.</param>
    /// <param name="sample">x_t as it was before scaling.</param>
    /// <returns>The sample at the next timestep: a new tensor, in the data type of <paramref name="sample"/>.</returns>
    /// <exception cref="InvalidOperationException">All steps are done.</exception>
    Tensor Step(Tensor modelOutput, Tensor sample);

    /// <summary>
    /// The forward process: clean samples brought to the noise level of the run's current step (image to image, inpainting).
    /// </summary>
    /// <param name="sample">x_0, [batch, channels, height, width].</param>
    /// <param name="noise">Standard normal noise of the same shape.</param>
    Tensor AddNoise(Tensor sample, Tensor noise);

    /// <summary>The timesteps of the plan.</summary>
    IReadOnlyList<double> Timesteps => Plan.Timesteps;

    /// <summary>The standard deviation of the noise that the run starts from: <see cref="SamplingPlan.InitialNoiseSigma"/>.</summary>
    double InitialNoiseSigma => Plan.InitialNoiseSigma;

    /// <summary>The timestep of the next evaluation.</summary>
    double Timestep => Timesteps[StepIndex];

    /// <summary>Whether every evaluation is done.</summary>
    bool IsCompleted => StepIndex >= Timesteps.Count;
}
