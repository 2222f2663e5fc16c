using System.Diagnostics;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Options;
using static TorchSharp.torch;

namespace LatentDiffusion;

/// <content>What a pipeline takes from the application around it: logs, previews, configuration.</content>
public sealed partial class DiffusionPipelineBuilder
{
    private ILatentPreview? _preview;
    private ILoggerFactory? _loggers;
    private Func<IServiceProvider, ModelPlacement, DiffusionModel?>? _configured;
    private bool _readsFiles;
    private string? _modelName;

    /// <summary>
    /// Uses a way of the caller's own to make previews. Default <see cref="LinearPreview"/>, with the published factors for
    /// the autoencoders of Stable Diffusion and fitted to others when the first preview is asked for.
    /// </summary>
    public DiffusionPipelineBuilder UsePreview(ILatentPreview preview) => Set(ref _preview, preview);

    /// <summary>Logs there. Default: where the container logs, or nowhere.</summary>
    public DiffusionPipelineBuilder UseLoggerFactory(ILoggerFactory loggers) => Set(ref _loggers, loggers);

    /// <summary>
    /// Loads the model when the host starts, rather than when the pipeline is first asked for: a start that fails instead of
    /// a first request that does, or that waits. For pipelines registered by <c>AddLatentDiffusion</c>; the same as
    /// <see cref="DiffusionModelOptions.LoadAtStartup"/>.
    /// </summary>
    public DiffusionPipelineBuilder LoadAtStartup()
    {
        ThrowIfBuilt();
        LoadsAtStartup = true;
        return this;
    }

    /// <summary>Whether the host loads the model at its start, whatever is configured.</summary>
    internal bool LoadsAtStartup { get; private set; }

    /// <summary>The device that the builder was given; null for none.</summary>
    internal Device? GivenDevice => _device;

    /// <summary>Whether the model is read from files in a precision of choice.</summary>
    internal bool ReadsFiles => _readsFiles;

    /// <summary>Whether the model has to come from configuration, because nothing else was said.</summary>
    internal bool NeedsConfiguredModel => _configured is not null && ReferenceEquals(_model, _configured) && _denoiser is null;

    /// <summary>Takes model and scheduler from <see cref="DiffusionModelOptions"/>, unless something else is said later.</summary>
    internal DiffusionPipelineBuilder UseConfigured()
    {
        _configured = (services, place) => Configured(services).ModelFolder is { } folder
            ? DiffusionModel.Read(folder, place.Device, place.Precision, variant: null, place.Reading)
            : null;
        _scheduler = (services, config) => Configured(services).Scheduler is { } name
            ? KnownSchedulers.TryGet(name, out KnownScheduler? known) ? Valid(() => known.Create(config)) : throw DiffusionModelOptions.UnknownScheduler(name)
            : null!;
        return Set(ref _model, _configured);
    }

    private static DiffusionModelOptions Configured(IServiceProvider services) => services.GetRequiredService<IOptions<DiffusionModelOptions>>().Value;

    private DiffusionPipelineBuilder UseFiles(Func<IServiceProvider, ModelPlacement, DiffusionModel?> model, string? name)
    {
        Set(ref _model, model);
        (_readsFiles, _modelName) = (true, name);
        return this;
    }

    private DiffusionModel? Load(IServiceProvider services, DiffusionPipelineOptions options, Device? home)
    {
        options.ModelId ??= NeedsConfiguredModel ? FolderName(Configured(services).ModelFolder) : _modelName;
        long start = Stopwatch.GetTimestamp();
        ScalarType? precision = _configured is null ? null : Configured(services).Precision;
        DiffusionModel? model = _model?.Invoke(services, new ModelPlacement(ChosenDevice(services), precision, Reading(services, home)));
        if (model is not null) Logger(services).Loaded(options.ModelId, Stopwatch.GetElapsedTime(start).TotalSeconds, model.Device.ToString());
        return model;
    }

    private CheckpointOptions Reading(IServiceProvider services, Device? home) =>
        new() { Device = home, Logger = Logger(services), Families = [.. _families, .. services.GetService<IEnumerable<ModelFamily>>() ?? []] };

    private ILatentPreview Preview(IServiceProvider services, IAutoencoder autoencoder, Device device, Func<IDisposable> bring, CancellationToken stop)
    {
        if ((_preview ?? services.GetService<ILatentPreview>()) is { } given) return given;
        // Fitting runs the autoencoder, in the middle of the denoiser's stage.
        using IDisposable there = bring();
        return LinearPreview.For(autoencoder, device, stop);
    }

    private ILogger Logger(IServiceProvider services) =>
        (_loggers ?? services.GetService<ILoggerFactory>() ?? NullLoggerFactory.Instance).CreateLogger<DiffusionPipeline>();

    private static string? FolderName(string? folder) =>
        folder is null ? null : Path.GetFileName(Path.TrimEndingDirectorySeparator(Path.GetFullPath(folder)));
}
