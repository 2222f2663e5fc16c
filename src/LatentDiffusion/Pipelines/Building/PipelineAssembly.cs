using System.ComponentModel.DataAnnotations;
using System.Diagnostics;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Options;
using TorchSharp;
using static TorchSharp.torch;

namespace LatentDiffusion;

/// <summary>A pipeline while it is built: components, which features may replace, and what has been loaded so far.</summary>
internal sealed class PipelineAssembly
{
    private readonly PipelineSpecification _specification;
    private readonly IServiceProvider _services;

    private PipelineAssembly(PipelineSpecification specification, IServiceProvider services)
    {
        (_specification, _services) = (specification, services);
        ILoggerFactory loggers = specification.Loggers ?? services.GetService<ILoggerFactory>() ?? NullLoggerFactory.Instance;
        Logger = loggers.CreateLogger<DiffusionPipeline>();
        Options = (services.GetService<IOptions<DiffusionPipelineOptions>>()?.Value ?? new()) with { };
        specification.Configure?.Invoke(Options);
        Validator.ValidateObject(Options, new ValidationContext(Options), validateAllProperties: true);
        NativeLibraries.EnsureLoaded();
        Home = Options.Offload ? specification.OffloadDevice ?? CPU : null;
        Device = CPU;
        Reading = new CheckpointOptions
        {
            Device = Home, Logger = Logger,
            Families = [.. specification.Families, .. services.GetService<IEnumerable<ModelFamily>>() ?? []],
        };
    }

    public ILogger Logger { get; }

    public DiffusionPipelineOptions Options { get; }

    /// <summary>What the builder was given for features.</summary>
    public FeatureChoices Choices => _specification.Features;

    /// <summary>The features so far, which the pipeline owns.</summary>
    public List<IPipelineFeature> Features { get; } = [];

    /// <summary>Where the pipeline computes.</summary>
    public Device Device { get; private set; }

    /// <summary>Where components wait that are offloaded; null without offloading.</summary>
    public Device? Home { get; }

    /// <summary>How files of models are read.</summary>
    public CheckpointOptions Reading { get; }

    /// <summary>The model, which the pipeline owns; null where all components were handed in.</summary>
    public DiffusionModel? Model { get; private set; }

    /// <summary>Whether the denoiser is the model's own.</summary>
    public bool UsesModelDenoiser => ReferenceEquals(Denoiser, Model?.Denoiser);

    public IDenoiser Denoiser => field ??= Resolve(_specification.Denoiser, Model?.Denoiser, "a denoiser");

    public IAutoencoder Autoencoder
    {
        get => field ?? PlainAutoencoder;
        set;
    }

    public INoiseScheduler Scheduler => field ??=
        SchedulerSource.Resolve(_specification.Scheduler, _services, Model?.SchedulerConfig, UsesModelDenoiser, Logger);

    /// <summary>Changes a text encoder as the pipeline's options say. Features that bring one of their own apply it too.</summary>
    public Func<ITextEncoder, ITextEncoder> TextEncoding { get; set; } = encoder => encoder;

    private IAutoencoder PlainAutoencoder => field ??= ResolveAutoencoder();

    /// <summary>Builds the pipeline. On failure everything that was loaded is released.</summary>
    public static DiffusionPipeline Build(PipelineSpecification specification, IServiceProvider services)
    {
        var assembly = new PipelineAssembly(specification, services);
        try
        {
            return new DiffusionPipeline(assembly.Assemble());
        }
        catch
        {
            foreach (IPipelineFeature feature in assembly.Features) feature.Dispose();
            assembly.Model?.Dispose();
            throw;
        }
    }

    private PipelineComponents Assemble()
    {
        Device? chosen = PipelineDevice.Chosen(_specification, _services);
        Model = Load(chosen);
        Device = PipelineDevice.Resolve(chosen, Model);
        PipelineFeatures.AddTo(this);
        IAutoencoder autoencoder = Autoencoder;
        DenoiserDescription denoiser = Denoiser.Description;
        if (Device.type == DeviceType.CPU && denoiser.Type is { } type && SlowPrecision.Factor(type) is { } factor)
            Logger.SlowPrecision(type, factor);
        ITextEncoder textEncoder = TextEncoding(Resolve(_specification.TextEncoder, Model?.OwnTextEncoder, "a text encoder"));
        var offloader = new DeviceOffloader(Device, Home);
        offloader.Unload([textEncoder, Denoiser, PlainAutoencoder, .. Features.SelectMany(f => f.Networks)]);
        TextWidthValidator.Check(textEncoder, denoiser, () => offloader.Load(CancellationToken.None, textEncoder));
        IGuidance guidance = _specification.Guidance?.Invoke(Model?.SchedulerConfig)
            ?? Resolve<IGuidance>(null, Model?.Guidance ?? new ClassifierFreeGuidance(), "guidance");
        guidance.Validate(denoiser);
        StartValidator.CheckChannels(denoiser, autoencoder);
        return new PipelineComponents(
            textEncoder, Denoiser, autoencoder, Scheduler, guidance,
            _specification.Codec ?? _services.GetService<IImageCodec>() ?? new SkiaImageCodec(),
            Options, Model?.SampleSize ?? DiffusionPipelineBuilder.DefaultSampleSize, Device, Model)
        {
            Preview = new(stop => Preview(() => offloader.Load(stop, autoencoder), stop)),
            Logger = Logger, Residency = offloader, Features = Features,
        };
    }

    private DiffusionModel? Load(Device? device)
    {
        Options.ModelId ??= _specification.Model?.NameFor(_services);
        long start = Stopwatch.GetTimestamp();
        ScalarType? precision = _specification.IsConfigured ? ConfiguredModel.OptionsIn(_services).Precision : null;
        DiffusionModel? model = _specification.Model?.Open(_services, new ModelPlacement(device, precision, Reading));
        if (model is not null) Logger.Loaded(Options.ModelId, Stopwatch.GetElapsedTime(start).TotalSeconds, model.Device.ToString());
        return model;
    }

    private IAutoencoder ResolveAutoencoder()
    {
        IAutoencoder autoencoder = Resolve(_specification.Autoencoder, Model?.OwnAutoencoder, "an autoencoder");
        if (Model is not null && LatentScale.Mismatch(Model, autoencoder) is { } scales)
            Logger.OtherLatentScale(scales.Given, scales.Trained);
        return autoencoder;
    }

    private ILatentPreview Preview(Func<IDisposable> load, CancellationToken cancellationToken)
    {
        if ((_specification.Preview ?? _services.GetService<ILatentPreview>()) is { } given) return given;
        // Fitting runs the autoencoder, in the middle of the denoiser's stage.
        using IDisposable loaded = load();
        return LinearPreview.For(PlainAutoencoder, Device, cancellationToken);
    }

    private T Resolve<T>(Func<DiffusionModel?, T>? given, T? fallback, string what) where T : class =>
        ComponentSource.Resolve(given, _services, Model, fallback, what);
}
