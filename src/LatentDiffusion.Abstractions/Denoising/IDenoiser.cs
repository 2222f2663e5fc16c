using static TorchSharp.torch;

namespace LatentDiffusion;

/// <summary>
/// Predicts noise, velocity or the clean sample (the scheduler's <see cref="INoiseScheduler.PredictionType"/> says
/// which) from noisy latents. Immutable and safe for concurrent use.
/// </summary>
/// <example>
/// <code>
/// using LatentDiffusion;
/// using static TorchSharp.torch;
///
/// CountingDenoiser? counting = null;
/// using DiffusionPipeline pipeline = new DiffusionPipelineBuilder()
///     .UseDrawingsModel()
///     .UseDenoiser(model => counting = new CountingDenoiser(model.Denoiser))
///     .Build();
/// pipeline.Generate(new GenerationRequest { Prompt = "a blue bird" });
/// Console.WriteLine($"{counting!.Evaluations} evaluations");
///
/// internal sealed class CountingDenoiser(IDenoiser inner) : IDenoiser
/// {
///     private int _evaluations;
///
///     public int Evaluations => _evaluations;
///
///     public DenoiserDescription Description => inner.Description;
///
///     public Tensor Predict(DenoiserInput input)
///     {
///         Interlocked.Increment(ref _evaluations);
///         return inner.Predict(input);
///     }
/// }
/// </code>
/// </example>
public interface IDenoiser : IOffloadable
{
    /// <summary>The inputs and features that it supports.</summary>
    DenoiserDescription Description { get; }

    /// <summary>Evaluates the network once.</summary>
    /// <param name="input">Latents, timesteps, conditioning and the other declared inputs.</param>
    /// <returns>The prediction, [batch, <see cref="DenoiserDescription.OutputChannels"/>, height, width]: a new tensor.</returns>
    /// <exception cref="OperationCanceledException">The input's token is cancelled.</exception>
    Tensor Predict(DenoiserInput input);

    /// <summary>
    /// Starts a generation, whose run owns what evaluations share, such as keys and values of the text. The default run checks the
    /// input's cancellation token and evaluates the denoiser; a wrapper that has no state may start the wrapped denoiser's run.
    /// </summary>
    /// <param name="options">Values that the run may reuse; null for none, which is exact.</param>
    /// <exception cref="NotSupportedException">The denoiser does not support an option.</exception>
    IDenoiserRun Start(DenoiserRunOptions? options = null) => options?.StepCaching is null
        ? new ForwardingRun(this)
        : throw new NotSupportedException($"{GetType().Name} does not support step caching: it does not override {nameof(Start)}.");

    /// <summary>
    /// An estimate of the memory in bytes that one evaluation takes beyond the weights, rather too high than too low. Default 0.
    /// </summary>
    /// <param name="batch">Number of latents that are evaluated at once.</param>
    /// <param name="latentPixels">Height times width of the latents.</param>
    long WorkingBytes(long batch, long latentPixels) => 0;
}
