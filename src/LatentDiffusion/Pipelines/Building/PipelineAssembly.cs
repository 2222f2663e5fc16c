using System.Diagnostics;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Options;
using TorchSharp;
using static TorchSharp.torch;

namespace LatentDiffusion;

/// <summary>A pipeline while it is built: components, which features may replace, and resources loaded so far.</summary>
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
        ValidOptions.Check(Options);
        NativeLibraries.EnsureLoaded();
        Home = Options.Offload ? specification.OffloadDevice ?? CPU : null;
        Device = CPU;
        Reading = new CheckpointOptions
        {
            Device = Home, Logger = Logger, Storage = specification.WeightStorage ?? Configured?.WeightStorage ?? default,
            Families = [.. specification.Families, .. services.GetService<IEnumerable<ModelFamily>>() ?? []],
        };
    }

    public ILogger Logger { get; }

    public DiffusionPipelineOptions Options { get; }

    /// <summary>Options of features from the builder.</summary>
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

    /// <summary>Changes a text encoder as the pipeline's options say. Features with a custom encoder apply it too.</summary>
    public Func<ITextEncoder, ITextEncoder> TextEncoding { get; set; } = encoder => encoder;

    /// <summary>Reads the prompts of requests, before the text encoder does.</summary>
    public PromptReader PromptReader { get; set; } = PromptReader.Plain;

    /// <summary>The autoencoder without what features put around it.</summary>
    public IAutoencoder PlainAutoencoder
    {
        get => field ??= WarnIfScaleDiffers(Resolve(_specification.Autoencoder, Model?.OwnAutoencoder, "an autoencoder"));
        set => field = WarnIfScaleDiffers(value);
    }

    /// <summary>Whether the builder was given an autoencoder.</summary>
    public bool HasCustomAutoencoder => _specification.Autoencoder is not null;

    /// <summary>Whether the builder was given previews.</summary>
    public bool HasCustomPreview => _specification.Preview is not null;

    /// <summary>The previews; null for those that the autoencoder was published with, or that are fitted to it.</summary>
    public ILatentPreview? Preview
    {
        get => field ?? _specification.Preview ?? _services.GetService<ILatentPreview>();
        set;
    }

    private DiffusionModelOptions? Configured => _specification.IsConfigured ? ConfiguredModel.OptionsIn(_services) : null;

    /// <summary>Builds the pipeline. On failure everything that was loaded is released.</summary>
    public static DiffusionPipeline Build(PipelineSpecification specification, IServiceProvider services)
    {
        var assembly = new PipelineAssembly(specification, services);
        // It takes as long as reading a small model. After the pipeline is built, nothing computes but generations.
        Task operators = CpuOperators.PrepareAsync();
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
        finally
        {
            operators.GetAwaiter().GetResult();
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
        PreviewSource.Check(Preview, denoiser);
        return new PipelineComponents(
            textEncoder, Denoiser, autoencoder, Scheduler, guidance,
            _specification.Codec ?? _services.GetService<IImageCodec>() ?? new SkiaImageCodec(),
            Options, Model?.SampleSize ?? DiffusionPipelineBuilder.DefaultSampleSize, Device, Model)
        {
            Preview = new(stop => Preview ?? FitPreview(() => offloader.Load(stop, autoencoder), stop)),
            Logger = Logger, Offloader = offloader, Features = Features, ModelFile = _specification.Model?.File,
            PromptReader = PromptReader,
        };
    }

    private DiffusionModel? Load(Device? device)
    {
        Options.ModelId ??= _specification.Model?.NameFor(_services);
        long start = Stopwatch.GetTimestamp();
        DiffusionModel? model = _specification.Model?.Open(_services, new ModelPlacement(device, Configured?.Precision, Reading));
        if (model is not null) Logger.Loaded(Options.ModelId, Stopwatch.GetElapsedTime(start).TotalSeconds, model.Device.ToString());
        return model;
    }

    private IAutoencoder WarnIfScaleDiffers(IAutoencoder autoencoder)
    {
        if (Model is not null && LatentScale.Mismatch(Model, autoencoder) is { } scales)
            Logger.OtherLatentScale(scales.Given, scales.Trained);
        return autoencoder;
    }

    private ILatentPreview FitPreview(Func<IDisposable> load, CancellationToken cancellationToken)
    {
        // Fitting runs the autoencoder, in the middle of the denoiser's stage.
        using IDisposable loaded = load();
        return LinearPreview.For(PlainAutoencoder, Device, cancellationToken);
    }

    private T Resolve<T>(Func<DiffusionModel?, T>? given, T? fallback, string what) where T : class =>
        ComponentSource.Resolve(given, _services, Model, fallback, what);
}
