using Microsoft.Extensions.Logging;
using static TorchSharp.torch;

namespace LatentDiffusion;

/// <summary>Settings that a builder collected. Those that are null come from the container, the model or the library's defaults.</summary>
internal sealed class PipelineSpecification
{
    public ModelSource? Model { get; set; }

    /// <summary>Families to look among before the registered ones.</summary>
    public List<ModelFamily> Families { get; } = [];

    public Func<DiffusionModel?, ITextEncoder>? TextEncoder { get; set; }

    public Func<DiffusionModel?, IDenoiser>? Denoiser { get; set; }

    public Func<DiffusionModel?, IAutoencoder>? Autoencoder { get; set; }

    public SchedulerSource.Factory? Scheduler { get; set; }

    public Func<SchedulerConfig?, IGuidance>? Guidance { get; set; }

    public IImageCodec? Codec { get; set; }

    public ILatentPreview? Preview { get; set; }

    public ILoggerFactory? Loggers { get; set; }

    /// <summary>Where the pipeline computes.</summary>
    public Device? Device { get; set; }

    /// <summary>Where components wait that are offloaded.</summary>
    public Device? OffloadDevice { get; set; }

    /// <summary>How the weights of a model that is read from files are held; null for what is configured, or else expanded.</summary>
    public WeightStorage? WeightStorage { get; set; }

    /// <summary>Changes the options that requests default to.</summary>
    public Action<DiffusionPipelineOptions>? Configure { get; set; }

    /// <summary>Whether <see cref="DiffusionModelOptions"/> of the container apply.</summary>
    public bool IsConfigured { get; set; }

    /// <summary>Whether the host loads the model when it starts, whatever is configured.</summary>
    public bool LoadsAtStartup { get; set; }

    /// <summary>Options of features.</summary>
    public FeatureChoices Features { get; } = new();

    /// <summary>Whether only configuration can name the model.</summary>
    public bool NeedsConfiguredModel => Model is ConfiguredModel && Denoiser is null;
}
