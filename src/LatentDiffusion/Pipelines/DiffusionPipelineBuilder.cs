using System.ComponentModel.DataAnnotations;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Options;
using static TorchSharp.torch;

namespace LatentDiffusion;

/// <summary>
/// Puts a pipeline together. Each part is, in this order: what was handed to the builder, what is registered in the
/// container that <see cref="Build(IServiceProvider?)"/> is given, what the model brings, the library's default.
/// </summary>
public sealed partial class DiffusionPipelineBuilder
{
    private Func<IServiceProvider, ModelPlacement, DiffusionModel?>? _model;
    private Func<DiffusionModel?, ITextEncoder>? _textEncoder;
    private Func<DiffusionModel?, IDenoiser>? _denoiser;
    private Func<DiffusionModel?, IAutoencoder>? _autoencoder;
    private Func<IServiceProvider, SchedulerConfig?, INoiseScheduler>? _scheduler;
    private Func<IServiceProvider, SchedulerConfig?, IGuidance>? _guidance;
    private IImageCodec? _codec;
    private PromptingOptions? _prompting;
    private Action<DiffusionPipelineOptions>? _configure;
    private readonly List<(string Path, double Scale)> _loras = [];
    private readonly List<ControlNetChoice> _controlNets = [];
    private readonly List<ModelFamily> _families = [];
    private bool _built;

    /// <summary>Takes text encoder, denoiser, autoencoder and schedule from a model, which the pipeline then owns.</summary>
    /// <param name="model">Opens the model. <see cref="Build(IServiceProvider?)"/> refuses one on another device than was asked for.</param>
    public DiffusionPipelineBuilder UseModel(Func<IServiceProvider, DiffusionModel> model)
    {
        ArgumentNullException.ThrowIfNull(model);
        return UseModel((services, _) => model(services));
    }

    /// <summary>Takes them from a model that is opened on the device that <see cref="UseDevice"/> or configuration names.</summary>
    /// <param name="model">Opens the model, given that device; null for the default, CUDA where there is one, else the CPU.</param>
    public DiffusionPipelineBuilder UseModel(Func<IServiceProvider, Device?, DiffusionModel> model)
    {
        ArgumentNullException.ThrowIfNull(model);
        _readsFiles = false;
        _modelName = null;
        return Set(ref _model, (services, place) => model(services, place.Device));
    }

    /// <summary>Takes them from a model folder in the layout of diffusers.</summary>
    /// <param name="folder">A folder with a <c>model_index.json</c>; read when the pipeline is built.</param>
    /// <param name="device">Where the networks run; null for that of <see cref="UseDevice"/>, or else CUDA where there is one and the CPU where not.</param>
    /// <param name="precision">Type of their weights, in which they compute; null for float32 on the CPU and the files' own elsewhere.</param>
    /// <param name="variant">Variant of the weights to prefer, for example <c>fp16</c>; null for the plain ones.</param>
    public DiffusionPipelineBuilder UseModelFolder(string folder, Device? device = null, ScalarType? precision = null, string? variant = null)
    {
        ArgumentException.ThrowIfNullOrEmpty(folder);
        return UseFiles(
            (services, place) => DiffusionModel.Read(folder, device ?? place.Device, precision ?? place.Precision, variant, place.Reading), FolderName(folder));
    }

    /// <summary>
    /// Takes them from one file with the names of the original code: SD 1.x, 2.x, XL or its refiner. An autoencoder or text
    /// encoder that the file lacks is that of <see cref="UseAutoencoder(IAutoencoder)"/> or <see cref="UseTextEncoder(ITextEncoder)"/>.
    /// </summary>
    /// <param name="path">Path of a <c>.safetensors</c> or <c>.ckpt</c> file; read when the pipeline is built.</param>
    /// <param name="tokenizerFolder">A folder with CLIP's <c>vocab.json</c> and <c>merges.txt</c>, or <c>tokenizer.json</c>; null to look beside the file and in <c>tokenizer</c> beside it.</param>
    /// <param name="options">What else the file does not say; null for what was published.</param>
    /// <param name="device">Where the networks run; null for that of <see cref="UseDevice"/>, or else CUDA where there is one and the CPU where not.</param>
    /// <param name="precision">Type of their weights, in which they compute; null for float32 on the CPU and the file's own elsewhere.</param>
    public DiffusionPipelineBuilder UseModelFile(
        string path, string? tokenizerFolder = null, SingleFileOptions? options = null, Device? device = null, ScalarType? precision = null)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        return UseFiles(
            (services, place) => DiffusionModel.ReadFile(path, tokenizerFolder, options, device ?? place.Device, precision ?? place.Precision, place.Reading),
            Path.GetFileNameWithoutExtension(path));
    }

    /// <summary>
    /// Opens models of a family that is not registered (<see cref="ModelFamilies"/>), and looks among such families first. Those
    /// that the container has as services come after those of the builder.
    /// </summary>
    /// <param name="family">The family.</param>
    public DiffusionPipelineBuilder UseModelFamily(ModelFamily family)
    {
        ThrowIfBuilt();
        ArgumentNullException.ThrowIfNull(family);
        _families.Add(family);
        return this;
    }

    /// <summary>Adds a low-rank patch to the model's weights, beside others: see <see cref="DiffusionModel.SetLoras"/>.</summary>
    /// <param name="path">Path of the file, of peft, diffusers or kohya; read when the pipeline is built.</param>
    /// <param name="scale">How much of it, any finite number. Default 1, as trained.</param>
    public DiffusionPipelineBuilder UseLora(string path, double scale = 1)
    {
        ThrowIfBuilt();
        ArgumentException.ThrowIfNullOrEmpty(path);
        if (!double.IsFinite(scale)) throw new ArgumentOutOfRangeException(nameof(scale), scale, "A scale is a finite number.");
        _loras.Add((path, scale));
        return this;
    }

    /// <summary>
    /// Adds a ControlNet (Zhang et al. 2023), beside others: what they add to the U-Net is summed. Every request then brings
    /// a picture for each, <see cref="GenerationRequest.ControlImages"/>. ControlNets of the model's own folder are there
    /// without being asked for, and come first.
    /// </summary>
    /// <param name="folder">A folder with its <c>config.json</c> and weights, or a single file with the original names; read when the pipeline is built.</param>
    /// <param name="scale">How strongly it controls, any finite number. Default 1, as trained.</param>
    /// <param name="start">Share of the steps before it begins to control, at least 0. Default 0.</param>
    /// <param name="end">Share of the steps until which it controls, above <paramref name="start"/> and at most 1. Default 1.</param>
    public DiffusionPipelineBuilder UseControlNet(string folder, double scale = 1, double start = 0, double end = 1)
    {
        ThrowIfBuilt();
        ArgumentException.ThrowIfNullOrEmpty(folder);
        if (!double.IsFinite(scale)) throw new ArgumentOutOfRangeException(nameof(scale), scale, "A scale is a finite number.");
        if (!(start >= 0 && start < 1)) throw new ArgumentOutOfRangeException(nameof(start), start, "The start is a share of the steps, at least 0 and below 1.");
        if (!(end > start && end <= 1)) throw new ArgumentOutOfRangeException(nameof(end), end, "The end is a share of the steps, above the start and at most 1.");
        _controlNets.Add(new ControlNetChoice(folder, new ControlWeight { Scale = scale, Start = start, End = end }));
        return this;
    }

    /// <summary>Uses a text encoder of the caller's own.</summary>
    public DiffusionPipelineBuilder UseTextEncoder(ITextEncoder textEncoder) => Set(ref _textEncoder, Require(textEncoder));

    /// <summary>Wraps the model's text encoder. The model's defaults (guidance, steps, size) stay.</summary>
    /// <param name="textEncoder">
    /// Makes a text encoder from the model, most often around <see cref="DiffusionModel.TextEncoder"/>, when the pipeline is
    /// built. The pipeline owns the model and not the wrapper.
    /// </param>
    public DiffusionPipelineBuilder UseTextEncoder(Func<DiffusionModel, ITextEncoder> textEncoder) => Set(ref _textEncoder, Wrapping(textEncoder));

    /// <summary>Uses a denoiser of the caller's own.</summary>
    public DiffusionPipelineBuilder UseDenoiser(IDenoiser denoiser) => Set(ref _denoiser, Require(denoiser));

    /// <summary>Wraps the model's denoiser. The model's defaults (guidance, steps, size) stay.</summary>
    /// <param name="denoiser">Makes a denoiser from the model, most often around <see cref="DiffusionModel.Denoiser"/>; see <see cref="UseTextEncoder(Func{DiffusionModel, ITextEncoder})"/>.</param>
    public DiffusionPipelineBuilder UseDenoiser(Func<DiffusionModel, IDenoiser> denoiser) => Set(ref _denoiser, Wrapping(denoiser));

    /// <summary>Uses an autoencoder of the caller's own.</summary>
    public DiffusionPipelineBuilder UseAutoencoder(IAutoencoder autoencoder) => Set(ref _autoencoder, Require(autoencoder));

    /// <summary>Wraps the model's autoencoder. The model's defaults (guidance, steps, size) stay.</summary>
    /// <param name="autoencoder">Makes an autoencoder from the model, most often around <see cref="DiffusionModel.Autoencoder"/>; see <see cref="UseTextEncoder(Func{DiffusionModel, ITextEncoder})"/>.</param>
    public DiffusionPipelineBuilder UseAutoencoder(Func<DiffusionModel, IAutoencoder> autoencoder) => Set(ref _autoencoder, Wrapping(autoencoder));

    /// <summary>Uses a scheduler as it is; it must fit the model's training schedule and prediction type.</summary>
    public DiffusionPipelineBuilder UseScheduler(INoiseScheduler scheduler)
    {
        ArgumentNullException.ThrowIfNull(scheduler);
        return Set(ref _scheduler, (_, _) => scheduler);
    }

    /// <summary>Makes the scheduler from the model's own configuration, for example <c>KnownSchedulers.Euler.Create</c>.</summary>
    public DiffusionPipelineBuilder UseScheduler(Func<SchedulerConfig, INoiseScheduler> scheduler)
    {
        ArgumentNullException.ThrowIfNull(scheduler);
        return Set(ref _scheduler, (_, config) => scheduler(config ?? throw Missing("a model, whose schedule the scheduler needs")));
    }

    /// <summary>Makes a scheduler of the library by its name, over the model's own configuration.</summary>
    /// <param name="name">A short name such as <c>dpm++</c>, or a published class name: see <see cref="KnownSchedulers"/>.</param>
    /// <exception cref="ArgumentException">There is none of that name; the message lists all.</exception>
    public DiffusionPipelineBuilder UseScheduler(string name) => KnownSchedulers.TryGet(name, out KnownScheduler? known)
        ? UseScheduler(config => Valid(() => known.Create(config)))
        : throw new ArgumentException($"There is no scheduler '{MessageText.Cut(name, 100)}'; expected one of {string.Join(", ", KnownSchedulers.All)}.", nameof(name));

    /// <summary>Uses a scheduler by its type: the registered one, or a new one with its parameters from the container.</summary>
    /// <typeparam name="TScheduler">Type of the scheduler.</typeparam>
    public DiffusionPipelineBuilder UseScheduler<TScheduler>() where TScheduler : class, INoiseScheduler =>
        Set(ref _scheduler, (services, _) => services.GetService<TScheduler>() ?? ActivatorUtilities.CreateInstance<TScheduler>(services));

    /// <summary>Uses guidance of the caller's own. Default the model's, or else <see cref="ClassifierFreeGuidance"/>.</summary>
    public DiffusionPipelineBuilder UseGuidance(IGuidance guidance)
    {
        ArgumentNullException.ThrowIfNull(guidance);
        return Set(ref _guidance, (_, _) => guidance);
    }

    /// <summary>Makes guidance that works on noise levels or clean samples, for what the model's timesteps and predictions mean.</summary>
    public DiffusionPipelineBuilder UseGuidance(Func<PredictionSpace, IGuidance> guidance)
    {
        ArgumentNullException.ThrowIfNull(guidance);
        return Set(ref _guidance, (_, config) => guidance(PredictionSpace.Of(config ?? throw Missing("a model, whose predictions the guidance works on"))));
    }

    /// <summary>Uses classifier-free guidance with a default scale.</summary>
    /// <param name="scale">0 to 100; 1 is no guidance.</param>
    public DiffusionPipelineBuilder UseClassifierFreeGuidance(double scale) =>
        UseGuidance(new ClassifierFreeGuidance()).Configure(o => o.GuidanceScale = scale);

    /// <summary>Reads weights, long prompts and breaks, and skips layers of the text tower: see <see cref="WeightedPrompt"/>.</summary>
    /// <param name="options">How to read and encode; null for the defaults. <see cref="Build(IServiceProvider?)"/> refuses a text encoder that cannot.</param>
    public DiffusionPipelineBuilder UsePromptWeighting(PromptingOptions? options = null) => Set(ref _prompting, options ?? new());

    /// <summary>Uses an image codec of the caller's own. Default <see cref="SkiaImageCodec"/>.</summary>
    public DiffusionPipelineBuilder UseImageCodec(IImageCodec codec) => Set(ref _codec, codec);

    /// <summary>Changes what requests default to.</summary>
    public DiffusionPipelineBuilder Configure(Action<DiffusionPipelineOptions> configure)
    {
        ArgumentNullException.ThrowIfNull(configure);
        return Set(ref _configure, _configure + configure);
    }

    /// <summary>Builds the pipeline and freezes the builder.</summary>
    /// <param name="services">Where parts that were not handed to the builder may be registered; null for nowhere.</param>
    /// <exception cref="InvalidOperationException">A part is missing, or the builder was used before.</exception>
    /// <exception cref="InvalidDataException">A configuration of the model cannot be read, or contradicts another.</exception>
    /// <exception cref="NotSupportedException">The model needs a network or scheduler that is not known; the message names it.</exception>
    /// <exception cref="ValidationException">An option is out of its range; the message names it.</exception>
    public DiffusionPipeline Build(IServiceProvider? services = null)
    {
        ThrowIfBuilt();
        return BuildAgain(services ?? NoServices.Instance);
    }

    /// <summary>The same for a container: several may be built from the services that the builder was registered with.</summary>
    internal DiffusionPipeline BuildAgain(IServiceProvider services)
    {
        DiffusionPipelineOptions options = (services.GetService<IOptions<DiffusionPipelineOptions>>()?.Value ?? new()) with { };
        _configure?.Invoke(options);
        Validator.ValidateObject(options, new ValidationContext(options), validateAllProperties: true);

        NativeLibraries.EnsureLoaded();
        Device? home = options.Offload ? _home ?? CPU : null;
        DiffusionModel? model = Load(services, options, home);
        var controlNets = new List<LoadedControlNet>();
        LoadedRefiner? refiner = null;
        try
        {
            Device device = DeviceOf(services, model);
            if (_loras.Count > 0) (model ?? throw Missing("a model, whose weights LoRA patches")).SetLoras(_loras);
            foreach (string file in model?.EmptyLoras ?? []) Logger(services).EmptyLora(file);
            IAutoencoder autoencoder = Part(_autoencoder, services, model, model?.OwnAutoencoder, "an autoencoder");
            if (model is not null && LatentScale.Mismatch(model, autoencoder) is { } scales) Logger(services).OtherLatentScale(scales.Given, scales.Trained);
            IDenoiser plain = Part(_denoiser, services, model, model?.Denoiser, "a denoiser");
            if (model?.Components is { } components && ReferenceEquals(plain, model.Denoiser)) controlNets.AddRange(LoadedControlNet.Own(components, autoencoder));
            IDenoiser denoiser = Cached(plain, controlNets.Count + _controlNets.Count);
            foreach (ControlNetChoice choice in _controlNets)
                controlNets.Add(LoadedControlNet.Open(choice, denoiser as UNetDenoiser ?? throw Missing("a U-Net, which ControlNets control"), autoencoder, Logger(services)));
            INoiseScheduler scheduler = Scheduler(services, model?.SchedulerConfig, ofModel: ReferenceEquals(plain, model?.Denoiser));
            refiner = Refiner(denoiser, autoencoder, scheduler, device, Reading(services, home));
            WarnOfSlowPrecision(services, device, plain);
            ITextEncoder textEncoder = Prompting(Part(_textEncoder, services, model, model?.OwnTextEncoder, "a text encoder"));
            var residency = new DeviceOffloader(device, home);
            residency.Unload([textEncoder, denoiser, autoencoder, .. controlNets, .. refiner?.Movable ?? []]);
            TextWidthValidator.Check(textEncoder, denoiser, () => residency.Load(CancellationToken.None, textEncoder));
            IAutoencoder divided = WithTiling(autoencoder, options);
            var parts = new PipelineComponents(
                textEncoder, denoiser, divided, scheduler,
                _guidance?.Invoke(services, model?.SchedulerConfig) ?? Part(null, services, model, model?.Guidance ?? new ClassifierFreeGuidance(), "guidance"),
                _codec ?? services.GetService<IImageCodec>() ?? new SkiaImageCodec(),
                options, model?.SampleSize ?? DefaultSampleSize, device, model)
            {
                Preview = new(stop => Preview(services, autoencoder, device, () => residency.Load(stop, divided), stop)),
                Logger = Logger(services), ControlNets = controlNets, Refiner = refiner, Residency = residency,
            };
            _built = true;
            return new DiffusionPipeline(parts);
        }
        catch
        {
            foreach (LoadedControlNet control in controlNets) control.Dispose();
            refiner?.Dispose();
            model?.Dispose();
            throw;
        }
    }

    private INoiseScheduler Scheduler(IServiceProvider services, SchedulerConfig? config, bool ofModel)
    {
        INoiseScheduler scheduler = _scheduler?.Invoke(services, config) ?? services.GetService<INoiseScheduler>() ?? OfModel(config ?? throw Missing("a scheduler"));
        if (scheduler is NoiseScheduler { IgnoredOptions: { Count: > 0 } ignored } known)
            Logger(services).SchedulerOptionsIgnored(known.ToConfig().ClassName!, MessageText.List(ignored));
        // Read as what it is not, a prediction gives noise in place of an image; a denoiser of the caller's own is the caller's to match.
        if (ofModel && Valid(config!.TrainedPrediction) is var own && scheduler.PredictionType != own)
            throw new InvalidOperationException($"{scheduler.GetType().Name} takes the model's output for {scheduler.PredictionType}, and the model predicts {own}.");
        return scheduler;
    }

    private static NoiseScheduler OfModel(SchedulerConfig config) => config.ClassName is { } name && !SchedulerClasses.Names.Contains(name)
        ? throw new NotSupportedException($"The model's scheduler is a '{MessageText.Cut(name, 100)}', which is not known here; name another with UseScheduler, for example \"euler\".")
        : Valid(() => NoiseScheduler.FromConfig(config));

    private static T Valid<T>(Func<T> read)
    {
        try
        {
            return read();
        }
        catch (ArgumentException e) when (e.ParamName != "model")
        {
            // A scheduler for another kind of model is the caller's mistake; all else is the file's.
            throw new InvalidDataException($"The model's scheduler configuration cannot be used: {e.Message}", e);
        }
    }

    private static IAutoencoder WithTiling(IAutoencoder autoencoder, DiffusionPipelineOptions options)
    {
        if (options.Tiling is not null) autoencoder = TiledAutoencoder.Wrap(autoencoder, options.Tiling);
        return options.SlicedDecoding ? new SlicedAutoencoder(autoencoder) : autoencoder;
    }

    private ITextEncoder Prompting(ITextEncoder encoder) => _prompting is null ? encoder
        : encoder.WithPrompting(_prompting) ?? throw new InvalidOperationException(
            $"UsePromptWeighting needs a text encoder that reads weights; WithPrompting of {encoder.GetType().Name} returned null.");

    // Latents of 512 x 512 pictures, the size of the first published models.
    internal const int DefaultSampleSize = 64;

    private static T Part<T>(Func<DiffusionModel?, T>? given, IServiceProvider services, DiffusionModel? model, T? fallback, string what) where T : class =>
        given?.Invoke(model) ?? services.GetService<T>() ?? fallback ?? throw Missing(what);

    private static Func<DiffusionModel?, T> Require<T>(T part) where T : class
    {
        ArgumentNullException.ThrowIfNull(part);
        return _ => part;
    }

    private static Func<DiffusionModel?, T> Wrapping<T>(Func<DiffusionModel, T> wrap) where T : class
    {
        ArgumentNullException.ThrowIfNull(wrap);
        return model => wrap(model ?? throw Missing("a model, whose part is wrapped"))
            ?? throw new InvalidOperationException($"The function that makes the {typeof(T).Name} returned null.");
    }

    private static InvalidOperationException Missing(string what) =>
        new($"The pipeline needs {what}, and no model brings it: call UseModelFolder, UseModelFile or the Use method of that part, or register it.");

    private DiffusionPipelineBuilder Set<T>(ref T? field, T value)
    {
        ThrowIfBuilt();
        ArgumentNullException.ThrowIfNull(value);
        field = value;
        return this;
    }

    private void ThrowIfBuilt()
    {
        if (_built) throw new InvalidOperationException("The pipeline is built, and the builder is frozen; use a new one.");
    }

    private sealed class NoServices : IServiceProvider
    {
        public static NoServices Instance { get; } = new();

        public object? GetService(Type serviceType) => null;
    }
}
