using TorchSharp;
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

    /// <summary>Opens a model folder in the layout of diffusers.</summary>
    /// <param name="folder">A folder with a <c>model_index.json</c>.</param>
    /// <param name="device">Where the networks run; null for CUDA where there is one, else the CPU.</param>
    /// <exception cref="DirectoryNotFoundException">There is no model in the folder.</exception>
    /// <exception cref="CheckpointException">A weights file is damaged or does not fit its configuration.</exception>
    /// <exception cref="InvalidDataException">A configuration cannot be read.</exception>
    /// <exception cref="NotSupportedException">The model is of a kind that the pipeline does not run; the message says which.</exception>
    /// <exception cref="TorchUnavailableException">libtorch cannot be loaded.</exception>
    public static DiffusionModel Open(string folder, Device? device = null) => Open(folder, device, null);

    internal static DiffusionModel Open(string folder, Device? device, ScalarType? type)
    {
        ArgumentException.ThrowIfNullOrEmpty(folder);
        if (!File.Exists(Path.Combine(folder, DiffusersFolder.IndexFile)))
            throw new DirectoryNotFoundException($"'{Path.GetFullPath(folder)}' is no model folder: it has no {DiffusersFolder.IndexFile}.");
        NativeLibraries.EnsureLoaded();
        device ??= cuda.is_available() ? CUDA : CPU;
        // CPUs compute half precision many times slower than single, whatever the file holds.
        type ??= device.type == DeviceType.CPU ? ScalarType.Float32 : null;
        return From(DiffusersFolder.Read(folder, new CheckpointOptions { Device = device, Type = type }), device);
    }

    /// <summary>Releases the networks.</summary>
    public void Dispose()
    {
        (Denoiser as IDisposable)?.Dispose();
        (TextEncoder as IDisposable)?.Dispose();
        (Autoencoder as IDisposable)?.Dispose();
    }

    private static DiffusionModel From(StableDiffusionComponents components, Device device)
    {
        if (components is { Autoencoder: AutoencoderKL autoencoder, TextEncoder: { } text, Tokenizer: { } tokenizer, TextEncoder2: null })
        {
            return new DiffusionModel(
                new UNetDenoiser(components.UNet), new ClipTextEncoder(text, tokenizer.Build()), new LatentAutoencoder(autoencoder),
                components.Scheduler, components.UNet.Config.SampleSize?[0] ?? DiffusionPipelineBuilder.DefaultSampleSize, device);
        }

        components.Dispose();
        throw new NotSupportedException($"The pipeline runs models with one text tower and an {nameof(AutoencoderKL)}; this is a {components.PipelineClass}.");
    }
}
