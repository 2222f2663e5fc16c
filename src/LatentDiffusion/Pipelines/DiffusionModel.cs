using static TorchSharp.torch;

namespace LatentDiffusion;

/// <summary>The parts of a loaded model. Owns those that can be disposed.</summary>
/// <param name="denoiser">The denoiser.</param>
/// <param name="textEncoder">The text encoder.</param>
/// <param name="autoencoder">The autoencoder.</param>
/// <param name="schedulerConfig">Training schedule, prediction type and default scheduler.</param>
/// <param name="sampleSize">Height and width of the latents that the model was trained on.</param>
/// <param name="device">Where the networks run.</param>
public sealed class DiffusionModel(
    IDenoiser denoiser, ITextEncoder textEncoder, IAutoencoder autoencoder, SchedulerConfig schedulerConfig, int sampleSize, Device device) : IDisposable
{
    /// <summary>The denoiser.</summary>
    public IDenoiser Denoiser { get; } = denoiser;

    /// <summary>The text encoder.</summary>
    public ITextEncoder TextEncoder { get; } = textEncoder;

    /// <summary>The autoencoder.</summary>
    public IAutoencoder Autoencoder { get; } = autoencoder;

    /// <summary>Training schedule, prediction type and default scheduler.</summary>
    public SchedulerConfig SchedulerConfig { get; } = schedulerConfig;

    /// <summary>Height and width of the latents that the model was trained on.</summary>
    public int SampleSize { get; } = sampleSize;

    /// <summary>Where the networks run.</summary>
    public Device Device { get; } = device;

    /// <summary>Releases the networks.</summary>
    public void Dispose()
    {
        (Denoiser as IDisposable)?.Dispose();
        (TextEncoder as IDisposable)?.Dispose();
        (Autoencoder as IDisposable)?.Dispose();
    }
}
