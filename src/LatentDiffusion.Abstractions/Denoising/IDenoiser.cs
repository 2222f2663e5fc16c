using static TorchSharp.torch;

namespace LatentDiffusion;

/// <summary>
/// Predicts noise, velocity or the clean sample (the scheduler's <see cref="INoiseScheduler.PredictionType"/> says
/// which) from noisy latents. Immutable and safe for concurrent use.
/// </summary>
public interface IDenoiser : IOffloadable
{
    /// <summary>Number of latent channels taken.</summary>
    int InChannels { get; }

    /// <summary>Which numbers about the picture's size it reads from <see cref="Conditioning.Size"/>. Default none.</summary>
    SizeConditioning SizeConditioning => SizeConditioning.None;

    /// <summary>
    /// An estimate of the memory in bytes that one evaluation takes beyond the weights, rather too high than too low. Default 0.
    /// </summary>
    /// <param name="batch">Number of latents that are evaluated at once.</param>
    /// <param name="latentPixels">Height times width of the latents.</param>
    long WorkingBytes(long batch, long latentPixels) => 0;

    /// <summary>Evaluates the network once.</summary>
    /// <param name="latents">Scaled noisy latents, [batch, channels, height, width].</param>
    /// <param name="timestep">The timestep, the same for the whole batch.</param>
    /// <param name="conditioning">The text's conditioning, with the same batch size.</param>
    /// <returns>The prediction, [batch, channels, height, width].</returns>
    Tensor Predict(Tensor latents, double timestep, Conditioning conditioning);
}
