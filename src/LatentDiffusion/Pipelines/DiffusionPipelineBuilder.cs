using System.ComponentModel.DataAnnotations;
using System.Diagnostics.CodeAnalysis;
using Microsoft.Extensions.Logging;
using static TorchSharp.torch;

namespace LatentDiffusion;

/// <summary>
/// Builds a pipeline. Each component is, in this order: what the builder was given, what is registered in the container that
/// <see cref="Build(IServiceProvider?)"/> receives, what the model brings, the library's default. Features of a pipeline, such as
/// <see cref="LoraBuilderExtensions.UseLora"/>, are extension methods.
/// </summary>
/// <example>
/// <code>
/// using LatentDiffusion;
///
/// using DiffusionPipeline pipeline = new DiffusionPipelineBuilder()
///     .UseModelFolder("models/stable-diffusion-v1-5")
///     .UseScheduler("dpm++-karras")
///     .UseLora("style.safetensors", scale: 0.8)
///     .Build();
/// </code>
/// </example>
public sealed class DiffusionPipelineBuilder
{
    // Latents of 512 x 512 images, the size of the first published models.
    internal const int DefaultSampleSize = 64;

    private bool _built;

    /// <summary>Settings given to the builder.</summary>
    internal PipelineSpecification Specification { get; } = new();

    /// <summary>Takes text encoder, denoiser, autoencoder and schedule from a model, which the pipeline then owns.</summary>
    /// <param name="model">
    /// Opens the model. <see cref="Build(IServiceProvider?)"/> refuses one on another device than was asked for.
    /// </param>
    public DiffusionPipelineBuilder UseModel(Func<IServiceProvider, DiffusionModel> model)
    {
        ArgumentNullException.ThrowIfNull(model);
        return UseModel((services, _) => model(services));
    }

    /// <summary>Takes them from a model that is opened on the device that <see cref="UseDevice"/> or configuration names.</summary>
    /// <param name="model">Opens the model, given that device; null for the default, CUDA if available, otherwise the CPU.</param>
    public DiffusionPipelineBuilder UseModel(Func<IServiceProvider, Device?, DiffusionModel> model)
    {
        ArgumentNullException.ThrowIfNull(model);
        return Change(s => s.Model = new ModelFunction(model));
    }

    /// <summary>Takes them from a model folder in the layout of diffusers.</summary>
    /// <param name="folder">A folder with a <c>model_index.json</c>; read when the pipeline is built.</param>
    /// <param name="device">
    /// Where the networks run; null for that of <see cref="UseDevice"/>, or else CUDA if available, otherwise the CPU.
    /// </param>
    /// <param name="precision">
    /// Type of their weights, in which they compute; null for float32 on the CPU and the files' own elsewhere.
    /// </param>
    /// <param name="variant">Variant of the weights to prefer, for example <c>fp16</c>; null for the plain ones.</param>
    public DiffusionPipelineBuilder UseModelFolder(
        string folder, Device? device = null, ScalarType? precision = null, string? variant = null)
    {
        ArgumentException.ThrowIfNullOrEmpty(folder);
        return Change(s => s.Model = new ModelFolder(folder, device, precision, variant));
    }

    /// <summary>Takes them from a model folder that is found, for example downloaded, when the pipeline is built.</summary>
    /// <param name="folder">
    /// Finds the folder, given the container that the pipeline is built from. <see cref="Build(IServiceProvider?)"/> waits for it.
    /// </param>
    /// <param name="name">Name of the model in logs and metadata.</param>
    /// <param name="device">
    /// Where the networks run; null for that of <see cref="UseDevice"/>, or else CUDA if available, otherwise the CPU.
    /// </param>
    /// <param name="precision">
    /// Type of their weights, in which they compute; null for float32 on the CPU and the files' own elsewhere.
    /// </param>
    /// <param name="variant">Variant of the weights to prefer, for example <c>fp16</c>; null for the plain ones.</param>
    /// <exception cref="ArgumentException">The name is empty.</exception>
    public DiffusionPipelineBuilder UseModel(
        Func<IServiceProvider, string> folder, string name, Device? device = null, ScalarType? precision = null, string? variant = null)
    {
        ArgumentNullException.ThrowIfNull(folder);
        ArgumentException.ThrowIfNullOrEmpty(name);
        return Change(s => s.Model = new ModelFolder(folder, name, device, precision, variant));
    }

    /// <summary>
    /// Takes them from one file with the names of the original code, of any family. An autoencoder or text encoder that
    /// the file lacks is that of <see cref="UseAutoencoder(IAutoencoder)"/> or <see cref="UseTextEncoder(ITextEncoder)"/>.
    /// </summary>
    /// <param name="path">Path of a <c>.safetensors</c>, <c>.gguf</c> or <c>.ckpt</c> file; read when the pipeline is built.</param>
    /// <param name="tokenizerFolder">
    /// A folder with the files of the tokenizers, which no such file contains (<c>tokenizer.json</c>, <c>vocab.json</c> with
    /// <c>merges.txt</c>, <c>spiece.model</c>), or with folders of them whose names begin with <c>tokenizer</c>; null to look next to the
    /// file in the same way.
    /// </param>
    /// <param name="options">Settings that the file does not contain; null for the published ones.</param>
    /// <param name="device">
    /// Where the networks run; null for that of <see cref="UseDevice"/>, or else CUDA if available, otherwise the CPU.
    /// </param>
    /// <param name="precision">
    /// Type of their weights, in which they compute; null for float32 on the CPU and the file's own elsewhere.
    /// </param>
    public DiffusionPipelineBuilder UseModelFile(
        string path, string? tokenizerFolder = null, SingleFileOptions? options = null, Device? device = null, ScalarType? precision = null)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        return Change(s => s.Model = new ModelFile(path, tokenizerFolder, options, device, precision));
    }

    /// <summary>
    /// Takes them from separate files of the transformer, its text encoders and the autoencoder. An autoencoder or text encoder that is not
    /// among them is that of <see cref="UseAutoencoder(IAutoencoder)"/> or <see cref="UseTextEncoder(ITextEncoder)"/>.
    /// </summary>
    /// <param name="files">The files; read when the pipeline is built. Errors are those of <see cref="DiffusionModel.OpenFiles"/>.</param>
    /// <param name="device">
    /// Where the networks run; null for that of <see cref="UseDevice"/>, or else CUDA if available, otherwise the CPU.
    /// </param>
    /// <param name="precision">
    /// Type of their weights, in which they compute; null for float32 on the CPU and the files' own elsewhere.
    /// </param>
    public DiffusionPipelineBuilder UseModelFiles(ModelFiles files, Device? device = null, ScalarType? precision = null)
    {
        ArgumentNullException.ThrowIfNull(files);
        return Change(s => s.Model = new SplitModelFiles(files, device, precision));
    }

    /// <summary>
    /// Opens models of a family that is not registered (<see cref="ModelFamilies"/>), and looks among such families first. Those
    /// that the container has as services come after those of the builder.
    /// </summary>
    /// <param name="family">The family.</param>
    public DiffusionPipelineBuilder UseModelFamily(ModelFamily family)
    {
        ArgumentNullException.ThrowIfNull(family);
        return Change(s => s.Families.Add(family));
    }

    /// <summary>
    /// Chooses how the weights of a model that is read from files are held in memory: expanded, or as the file stores them, which takes no
    /// more memory than the file (CPU only). Default <see cref="WeightStorage.Expanded"/>.
    /// </summary>
    /// <param name="storage">The choice.</param>
    public DiffusionPipelineBuilder UseWeightStorage(WeightStorage storage)
    {
        if (!Enum.IsDefined(storage))
            throw new ArgumentOutOfRangeException(nameof(storage), storage, $"Expected a {nameof(WeightStorage)}.");
        return Change(s => s.WeightStorage = storage);
    }

    /// <summary>
    /// Computes there: components receive latents, initial images and embeddings on that device. A model is opened there unless it has a
    /// device of its own. Custom components must be placed there by the caller; only <see cref="MemoryBuilderExtensions.UseOffload"/>
    /// moves them. Default the model's device, or without a model the CPU.
    /// </summary>
    /// <param name="device">The device. <see cref="Build(IServiceProvider?)"/> refuses another than the model's.</param>
    public DiffusionPipelineBuilder UseDevice(Device device)
    {
        ArgumentNullException.ThrowIfNull(device);
        return Change(s => s.Device = device);
    }

    /// <summary>Uses a custom text encoder.</summary>
    public DiffusionPipelineBuilder UseTextEncoder(ITextEncoder textEncoder) =>
        Change(s => s.TextEncoder = ComponentSource.From(textEncoder));

    /// <summary>Wraps the model's text encoder. The model's defaults (guidance, steps, size) stay.</summary>
    /// <param name="textEncoder">
    /// Makes a text encoder from the model, most often around <see cref="DiffusionModel.TextEncoder"/>, when the pipeline is
    /// built. The pipeline owns the model and not the wrapper.
    /// </param>
    public DiffusionPipelineBuilder UseTextEncoder(Func<DiffusionModel, ITextEncoder> textEncoder) =>
        Change(s => s.TextEncoder = ComponentSource.From(textEncoder));

    /// <summary>Uses a custom denoiser.</summary>
    public DiffusionPipelineBuilder UseDenoiser(IDenoiser denoiser) => Change(s => s.Denoiser = ComponentSource.From(denoiser));

    /// <summary>Wraps the model's denoiser. The model's defaults (guidance, steps, size) stay.</summary>
    /// <param name="denoiser">
    /// Makes a denoiser from the model, most often around <see cref="DiffusionModel.Denoiser"/>; see
    /// <see cref="UseTextEncoder(Func{DiffusionModel, ITextEncoder})"/>.
    /// </param>
    public DiffusionPipelineBuilder UseDenoiser(Func<DiffusionModel, IDenoiser> denoiser) =>
        Change(s => s.Denoiser = ComponentSource.From(denoiser));

    /// <summary>Uses a custom autoencoder.</summary>
    public DiffusionPipelineBuilder UseAutoencoder(IAutoencoder autoencoder) =>
        Change(s => s.Autoencoder = ComponentSource.From(autoencoder));

    /// <summary>Wraps the model's autoencoder. The model's defaults (guidance, steps, size) stay.</summary>
    /// <param name="autoencoder">
    /// Makes an autoencoder from the model, most often around <see cref="DiffusionModel.Autoencoder"/>; see
    /// <see cref="UseTextEncoder(Func{DiffusionModel, ITextEncoder})"/>.
    /// </param>
    public DiffusionPipelineBuilder UseAutoencoder(Func<DiffusionModel, IAutoencoder> autoencoder) =>
        Change(s => s.Autoencoder = ComponentSource.From(autoencoder));

    /// <summary>Uses a scheduler as it is; it must fit the model's training schedule and prediction type.</summary>
    public DiffusionPipelineBuilder UseScheduler(INoiseScheduler scheduler)
    {
        ArgumentNullException.ThrowIfNull(scheduler);
        return Change(s => s.Scheduler = (_, _) => scheduler);
    }

    /// <summary>Makes the scheduler from the model's own configuration, for example <c>KnownSchedulers.Euler.Create</c>.</summary>
    public DiffusionPipelineBuilder UseScheduler(Func<SchedulerConfig, INoiseScheduler> scheduler)
    {
        ArgumentNullException.ThrowIfNull(scheduler);
        return Change(s => s.Scheduler = SchedulerSource.From(scheduler));
    }

    /// <summary>Makes a scheduler of the library by its name, over the model's own configuration.</summary>
    /// <param name="name">A short name such as <c>dpm++</c>, or a published class name: see <see cref="KnownSchedulers"/>.</param>
    /// <exception cref="ArgumentException">The name is not known; the message lists all.</exception>
    public DiffusionPipelineBuilder UseScheduler(string name)
    {
        if (!KnownSchedulers.TryGet(name, out KnownScheduler? known))
        {
            throw new ArgumentException(
                $"The scheduler '{MessageText.Truncate(name, 100)}' does not exist; "
                + $"expected one of {string.Join(", ", KnownSchedulers.All)}.",
                nameof(name));
        }

        return Change(s => s.Scheduler = SchedulerSource.Named(known));
    }

    /// <summary>Uses a scheduler by its type: the registered one, or a new one with its parameters from the container.</summary>
    /// <typeparam name="TScheduler">Type of the scheduler.</typeparam>
    public DiffusionPipelineBuilder UseScheduler<
        [DynamicallyAccessedMembers(DynamicallyAccessedMemberTypes.PublicConstructors)] TScheduler>()
        where TScheduler : class, INoiseScheduler => Change(s => s.Scheduler = SchedulerSource.OfType<TScheduler>());

    /// <summary>Uses custom guidance. Default the model's, or else <see cref="ClassifierFreeGuidance"/>.</summary>
    public DiffusionPipelineBuilder UseGuidance(IGuidance guidance)
    {
        ArgumentNullException.ThrowIfNull(guidance);
        return Change(s => s.Guidance = _ => guidance);
    }

    /// <summary>Makes guidance that works on noise levels or clean samples: it receives the model's diffusion process.</summary>
    public DiffusionPipelineBuilder UseGuidance(Func<DiffusionProcess, IGuidance> guidance)
    {
        ArgumentNullException.ThrowIfNull(guidance);
        return Change(s => s.Guidance = config => guidance(
            DiffusionProcess.FromConfig(config ?? throw ComponentSource.Missing("a model, whose predictions the guidance works on"))));
    }

    /// <summary>Uses classifier-free guidance with a default scale.</summary>
    /// <param name="scale">0 to 100; 1 disables guidance.</param>
    public DiffusionPipelineBuilder UseClassifierFreeGuidance(double scale) =>
        UseGuidance(new ClassifierFreeGuidance()).Configure(o => o.GuidanceScale = scale);

    /// <summary>Uses a custom image codec. Default <see cref="SkiaImageCodec"/>.</summary>
    public DiffusionPipelineBuilder UseImageCodec(IImageCodec codec)
    {
        ArgumentNullException.ThrowIfNull(codec);
        return Change(s => s.Codec = codec);
    }

    /// <summary>
    /// Uses custom previews. Default <see cref="LinearPreview"/>, with the published factors for the autoencoders of Stable Diffusion and
    /// fitted to others when the first preview is asked for.
    /// </summary>
    public DiffusionPipelineBuilder UsePreview(ILatentPreview preview)
    {
        ArgumentNullException.ThrowIfNull(preview);
        return Change(s => s.Preview = preview);
    }

    /// <summary>Logs there. Default: where the container logs, or nowhere.</summary>
    public DiffusionPipelineBuilder UseLoggerFactory(ILoggerFactory loggers)
    {
        ArgumentNullException.ThrowIfNull(loggers);
        return Change(s => s.Loggers = loggers);
    }

    /// <summary>
    /// Loads the model when the host starts, rather than when the pipeline is first asked for: a start that fails instead of a first
    /// request that fails or waits. For pipelines registered by <c>AddLatentDiffusion</c>; the same as
    /// <see cref="DiffusionModelOptions.LoadAtStartup"/>.
    /// </summary>
    public DiffusionPipelineBuilder LoadAtStartup() => Change(s => s.LoadsAtStartup = true);

    /// <summary>Changes the defaults of requests.</summary>
    public DiffusionPipelineBuilder Configure(Action<DiffusionPipelineOptions> configure)
    {
        ArgumentNullException.ThrowIfNull(configure);
        return Change(s => s.Configure += configure);
    }

    /// <summary>Builds the pipeline and freezes the builder.</summary>
    /// <param name="services">Where components may be registered that the builder was not given; null for nowhere.</param>
    /// <exception cref="InvalidOperationException">A component is missing, or the builder was used before.</exception>
    /// <exception cref="InvalidDataException">A configuration of the model cannot be read, or contradicts another.</exception>
    /// <exception cref="NotSupportedException">
    /// The model needs a network or scheduler that is not known, or the denoiser does not support a need of another component; the
    /// message names it.
    /// </exception>
    /// <exception cref="ValidationException">An option is out of its range; the message names it.</exception>
    public DiffusionPipeline Build(IServiceProvider? services = null)
    {
        ThrowIfBuilt();
        return BuildAgain(services ?? NoServices.Instance);
    }

    /// <summary>The same for a container: several may be built from the services that the builder was registered with.</summary>
    internal DiffusionPipeline BuildAgain(IServiceProvider services)
    {
        DiffusionPipeline pipeline = PipelineAssembly.Build(Specification, services);
        _built = true;
        return pipeline;
    }

    /// <summary>Changes the specification, unless the pipeline is built. Features add their options with it.</summary>
    internal DiffusionPipelineBuilder Change(Action<PipelineSpecification> change)
    {
        ThrowIfBuilt();
        change(Specification);
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
