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
    private Func<IServiceProvider, DiffusionModel>? _configured;
    private string? _modelName;

    /// <summary>
    /// Uses a way of the caller's own to make previews. Default <see cref="LinearPreview"/>, with the published factors for
    /// the autoencoders of Stable Diffusion and fitted to others when the first preview is asked for.
    /// </summary>
    public DiffusionPipelineBuilder UsePreview(ILatentPreview preview) => Set(ref _preview, preview);

    /// <summary>Logs there. Default: where the container logs, or nowhere.</summary>
    public DiffusionPipelineBuilder UseLoggerFactory(ILoggerFactory loggers) => Set(ref _loggers, loggers);

    /// <summary>Whether the model has to come from configuration, because nothing else was said.</summary>
    internal bool NeedsConfiguredModel => _configured is not null && ReferenceEquals(_model, _configured) && _denoiser is null;

    /// <summary>Whether the builder was told of a model, which is not configuration's then.</summary>
    internal bool NamesModel => _model is not null && !ReferenceEquals(_model, _configured);

    /// <summary>Takes model and scheduler from <see cref="DiffusionModelOptions"/>, unless something else is said later.</summary>
    internal DiffusionPipelineBuilder UseConfigured()
    {
        _configured = services => Configured(services) is { ModelFolder: { } folder } options
            ? DiffusionModel.Read(folder, _device ?? options.OpenDevice(), options.Precision, variant: null, _loadedTo, Logger(services))
            : null!;
        _scheduler = (services, config) => Configured(services).Scheduler is { } name
            ? KnownSchedulers.TryGet(name, out KnownScheduler? known) ? Valid(() => known.Create(config)) : throw DiffusionModelOptions.UnknownScheduler(name)
            : null!;
        return UseModel(_configured);
    }

    private static DiffusionModelOptions Configured(IServiceProvider services) => services.GetRequiredService<IOptions<DiffusionModelOptions>>().Value;

    private DiffusionModel? Load(IServiceProvider services, DiffusionPipelineOptions options)
    {
        options.ModelId ??= NeedsConfiguredModel ? FolderName(Configured(services).ModelFolder) : _modelName;
        long start = Stopwatch.GetTimestamp();
        DiffusionModel? model = _model?.Invoke(services);
        if (model is not null) Logger(services).Loaded(options.ModelId, Stopwatch.GetElapsedTime(start).TotalSeconds, model.Device.ToString());
        return model;
    }

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
