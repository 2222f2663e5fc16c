using static TorchSharp.torch;

namespace LatentDiffusion;

/// <summary>
/// Predicts noise, velocity or the clean sample (the scheduler's <see cref="INoiseScheduler.PredictionType"/> says
/// which) from noisy latents. Immutable and safe for concurrent use.
/// </summary>
public interface IDenoiser
{
    /// <summary>Number of latent channels taken.</summary>
    int InChannels { get; }

    /// <summary>Which numbers about the picture's size it reads from <see cref="Conditioning.Size"/>. Default none.</summary>
    SizeConditioning SizeConditioning => SizeConditioning.None;

    /// <summary>Evaluates the network once.</summary>
    /// <param name="latents">Scaled noisy latents, [batch, channels, height, width].</param>
    /// <param name="timestep">The timestep, the same for the whole batch.</param>
    /// <param name="conditioning">The text's conditioning, with the same batch size.</param>
    /// <returns>The prediction, [batch, channels, height, width].</returns>
    Tensor Predict(Tensor latents, double timestep, Conditioning conditioning);
}
