using static TorchSharp.torch;

namespace LatentDiffusion;

/// <summary>The components of a loaded model. Owns those that can be disposed.</summary>
/// <param name="denoiser">The denoiser.</param>
/// <param name="textEncoder">The text encoder; null where the model's files have none.</param>
/// <param name="autoencoder">The autoencoder; null where the model's files have none.</param>
/// <param name="schedulerConfig">Training schedule, prediction type and default scheduler.</param>
/// <param name="sampleSize">Height and width of the latents that the model was trained on.</param>
/// <param name="device">Where the networks run.</param>
/// <example>
/// <code>
/// using LatentDiffusion;
/// using static TorchSharp.torch;
///
/// using DiffusionPipeline pipeline = new DiffusionPipelineBuilder()
///     .UseModel((services, device) => DiffusionModel.Open("models/stable-diffusion-v1-5", device, ScalarType.Float32))
///     .Build();
/// DiffusionModel model = pipeline.Model!;
/// using Conditioning text = model.TextEncoder.Encode(["a red dragon", "a blue bird"]);
/// Console.WriteLine(string.Join(" x ", text.HiddenStates.shape)); // 2 x 77 x 768
/// model.SetLoras(("style.safetensors", 0.8));
/// </code>
/// </example>
public sealed class DiffusionModel(
    IDenoiser denoiser, ITextEncoder? textEncoder, IAutoencoder? autoencoder, SchedulerConfig schedulerConfig, int sampleSize,
    Device device) : IDisposable
{
    private readonly Dictionary<string, IReadOnlyDictionary<string, Tensor>> _weights = [];
    private readonly Dictionary<string, IReadOnlyDictionary<string, PackedLayer>> _storedWeights = [];
    private AppliedLoras? _loras;
    private int _disposed;

    /// <summary>The denoiser.</summary>
    public IDenoiser Denoiser { get; } = denoiser;

    /// <summary>The text encoder.</summary>
    /// <exception cref="InvalidOperationException">
    /// The model's file has none: a pipeline takes the one of <see cref="DiffusionPipelineBuilder.UseTextEncoder(ITextEncoder)"/>.
    /// </exception>
    public ITextEncoder TextEncoder => OwnTextEncoder ?? throw Missing("text encoder", nameof(DiffusionPipelineBuilder.UseTextEncoder));

    /// <summary>The autoencoder.</summary>
    /// <exception cref="InvalidOperationException">
    /// The model's file has none: a pipeline takes the one of <see cref="DiffusionPipelineBuilder.UseAutoencoder(IAutoencoder)"/>.
    /// </exception>
    public IAutoencoder Autoencoder => OwnAutoencoder ?? throw Missing("autoencoder", nameof(DiffusionPipelineBuilder.UseAutoencoder));

    /// <summary>Training schedule, prediction type and default scheduler.</summary>
    public SchedulerConfig SchedulerConfig { get; } = schedulerConfig;

    /// <summary>Height and width of the latents that the model was trained on.</summary>
    public int SampleSize { get; } = sampleSize;

    /// <summary>Where the networks run.</summary>
    public Device Device { get; } = device;

    /// <summary>The guidance that suits the model best; null for the library's default. Pipelines that are built later use it.</summary>
    public IGuidance? Guidance { get; set; }

    /// <summary>The number of sampling steps that suits the model best, 1 to 1000; null for the library's default.</summary>
    /// <exception cref="ArgumentOutOfRangeException">The value is out of the range.</exception>
    public int? Steps
    {
        get;
        set => field = RequestSettings.Steps.Require(value);
    }

    /// <summary>The guidance scale that suits the model best, 0 to 100; null for the library's default.</summary>
    /// <exception cref="ArgumentOutOfRangeException">The value is out of the range.</exception>
    public double? GuidanceScale
    {
        get;
        set => field = RequestSettings.GuidanceScale.Require(value);
    }

    /// <summary>
    /// The <see cref="IAutoencoder.ScalingFactor"/> of the latents that the denoiser was trained on; null, the default, for that of
    /// <see cref="Autoencoder"/>. A pipeline warns of an autoencoder with another one.
    /// </summary>
    public double? LatentScalingFactor { get; init; }

    /// <summary>The components of the model's files; null for a model put together from other parts.</summary>
    public ModelComponents? Components { get; private set; }

    /// <summary>The text encoder; null where the model's file has none.</summary>
    internal ITextEncoder? OwnTextEncoder { get; } = textEncoder;

    /// <summary>The autoencoder; null where the model's file has none.</summary>
    internal IAutoencoder? OwnAutoencoder { get; } = autoencoder;

    /// <summary>The low-rank patches that are applied.</summary>
    internal IReadOnlyList<(string Path, double Scale)> Loras { get; private set; } = [];

    /// <summary>The same as they were asked for.</summary>
    internal IReadOnlyList<LoraChoice> LoraChoices { get; private set; } = [];

    /// <summary>Names of those files among them that patch nothing.</summary>
    internal IReadOnlyList<string> EmptyLoras { get; private set; } = [];

    /// <summary>Names of those files of which tensors are ignored, and which tensors these are.</summary>
    internal IReadOnlyList<(string File, string Tensors)> IgnoredLoraTensors { get; private set; } = [];

    /// <summary>Opens a model folder in the layout of diffusers.</summary>
    /// <param name="folder">A folder with a <c>model_index.json</c>.</param>
    /// <param name="device">Where the networks run; null for CUDA if available, otherwise the CPU.</param>
    /// <param name="precision">
    /// Type of their weights, in which they compute; null for float32 on the CPU and the files' own elsewhere.
    /// </param>
    /// <param name="variant">Variant of the weights to prefer, for example <c>fp16</c>; null for the plain ones.</param>
    /// <param name="storage">How weights are held in memory. Default <see cref="WeightStorage.Expanded"/>.</param>
    /// <exception cref="DirectoryNotFoundException">The folder has no model.</exception>
    /// <exception cref="CheckpointException">A weights file is damaged or does not fit its configuration.</exception>
    /// <exception cref="InvalidDataException">A configuration cannot be read, or contradicts another.</exception>
    /// <exception cref="NotSupportedException">The model is of a kind that the pipeline does not run; the message says which.</exception>
    /// <exception cref="TorchUnavailableException">libtorch cannot be loaded.</exception>
    public static DiffusionModel Open(
        string folder, Device? device = null, ScalarType? precision = null, string? variant = null,
        WeightStorage storage = WeightStorage.Expanded) =>
        Read(folder, device, precision, variant, new CheckpointOptions { Storage = storage });

    /// <summary>The same, with the device that the networks are read to, a logger and further families in the options.</summary>
    internal static DiffusionModel Read(string folder, Device? device, ScalarType? precision, string? variant, CheckpointOptions options)
    {
        ArgumentException.ThrowIfNullOrEmpty(folder);
        if (!File.Exists(Path.Combine(folder, DiffusersFolder.IndexFile)))
        {
            throw new DirectoryNotFoundException(
                $"'{Path.GetFullPath(folder)}' is not a model folder: it has no {DiffusersFolder.IndexFile}.");
        }

        CheckpointOptions choice = LoadOptionsResolver.Resolve(device, precision);
        options = options with { Variant = variant, Device = options.Device ?? choice.Device, Type = choice.Type };
        return FromComponents(DiffusersFolder.Read(folder, options), choice.Device);
    }

    /// <summary>
    /// Opens a model in one file with the names of the original code: see <see cref="SingleFileCheckpoint"/>. The file may lack
    /// its autoencoder or text encoder, which a pipeline then takes from its builder.
    /// </summary>
    /// <param name="path">Path of a <c>.safetensors</c>, <c>.gguf</c> or <c>.ckpt</c> file.</param>
    /// <param name="tokenizerFolder">
    /// A folder with the files of the tokenizers, which no such file contains (<c>tokenizer.json</c>, <c>vocab.json</c> with
    /// <c>merges.txt</c>, <c>spiece.model</c>), or with folders of them whose names begin with <c>tokenizer</c>; null to look next to the
    /// file in the same way.
    /// </param>
    /// <param name="options">Settings that the file does not contain; null for the published ones.</param>
    /// <param name="device">Where the networks run; null for CUDA if available, otherwise the CPU.</param>
    /// <param name="precision">
    /// Type of their weights, in which they compute; null for float32 on the CPU and the file's own elsewhere.
    /// </param>
    /// <param name="storage">How weights are held in memory. Default <see cref="WeightStorage.Expanded"/>.</param>
    /// <exception cref="FileNotFoundException">The file or the tokenizer does not exist.</exception>
    /// <exception cref="CheckpointException">The file is damaged, lacks its denoiser, or has tensors that fit no network.</exception>
    /// <inheritdoc cref="Open" path="/exception[@cref='T:LatentDiffusion.TorchUnavailableException']"/>
    public static DiffusionModel OpenFile(
        string path, string? tokenizerFolder = null, SingleFileOptions? options = null, Device? device = null,
        ScalarType? precision = null, WeightStorage storage = WeightStorage.Expanded) =>
        ReadFile(path, tokenizerFolder, options, device, precision, new CheckpointOptions { Storage = storage });

    /// <summary>The same, with the device that the networks are read to, a logger and further families in the options.</summary>
    internal static DiffusionModel ReadFile(
        string path, string? tokenizerFolder, SingleFileOptions? model, Device? device, ScalarType? precision, CheckpointOptions options)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        if (!File.Exists(path)) throw new FileNotFoundException($"The model file '{Path.GetFullPath(path)}' does not exist.", path);
        model = (model ?? new SingleFileOptions()) with { RequiresTokenizer = true };
        if (tokenizerFolder is not null) model = model with { TokenizerFolder = tokenizerFolder, Vocabulary = null };
        CheckpointOptions choice = LoadOptionsResolver.Resolve(device, precision);
        options = options with { Device = options.Device ?? choice.Device, Type = choice.Type };
        return FromComponents(SingleFileCheckpoint.Read(path, options, model), choice.Device);
    }

    /// <summary>
    /// Opens a model whose networks are in separate files. Text encoders or the autoencoder may be absent, which a pipeline then takes from
    /// its builder.
    /// </summary>
    /// <param name="files">The files.</param>
    /// <param name="device">Where the networks run; null for CUDA if available, otherwise the CPU.</param>
    /// <param name="precision">
    /// Type of their weights, in which they compute; null for float32 on the CPU and the files' own elsewhere.
    /// </param>
    /// <param name="storage">How weights are held in memory. Default <see cref="WeightStorage.Expanded"/>.</param>
    /// <exception cref="FileNotFoundException">A file or tokenizer is missing; the message says which.</exception>
    /// <exception cref="CheckpointException">
    /// A file is damaged, holds another network than its place is for or than the transformer's family reads, or does not fit it; the
    /// message names it.
    /// </exception>
    /// <exception cref="NotSupportedException">Models of the family are not read from separate files.</exception>
    /// <inheritdoc cref="Open" path="/exception[@cref='T:LatentDiffusion.TorchUnavailableException']"/>
    public static DiffusionModel OpenFiles(
        ModelFiles files, Device? device = null, ScalarType? precision = null, WeightStorage storage = WeightStorage.Expanded) =>
        ReadFiles(files, device, precision, new CheckpointOptions { Storage = storage });

    /// <summary>The same, with the device that the networks are read to, a logger and further families in the options.</summary>
    internal static DiffusionModel ReadFiles(ModelFiles files, Device? device, ScalarType? precision, CheckpointOptions options)
    {
        ArgumentNullException.ThrowIfNull(files);
        CheckpointOptions choice = LoadOptionsResolver.Resolve(device, precision);
        options = options with { Device = options.Device ?? choice.Device, Type = choice.Type };
        SingleFileOptions given = (files.Options ?? new SingleFileOptions()) with { RequiresTokenizer = true };
        DiffusionModel model = FromComponents(SplitFilesReader.Read(files, options, given), choice.Device);
        if (files.TextEncoders.Count == 0 || model.OwnTextEncoder is not null) return model;
        using (model)
        {
            ModelFamily family = model.Components!.Family;
            string[] kinds =
            [
                .. SplitFileKind.TextEncoders.SelectMany(kind => family.Components
                    .Where(component => component.Type == kind.TextEncoder).Select(_ => kind.Name)),
            ];
            throw new CheckpointException(
                files.Transformer,
                $"a {family.Name} model reads {string.Join(", ", kinds)}; only {MessageText.List([.. files.TextEncoders])} is given.");
        }
    }

    /// <summary>Creates a model from components and takes ownership of them.</summary>
    /// <param name="components">The components of a folder or file; disposed if no model can be created.</param>
    /// <exception cref="InvalidDataException">They contradict each other; the message says how.</exception>
    /// <exception cref="NotSupportedException">They are of a kind that the pipeline does not run; the message says which.</exception>
    public static DiffusionModel FromComponents(ModelComponents components) => FromComponents(components, device: null);

    private static DiffusionModel FromComponents(ModelComponents components, Device? device)
    {
        ArgumentNullException.ThrowIfNull(components);
        try
        {
            DiffusionModel model = components.Family.CreateModel(components, device ?? components.Device);
            model.Components = components;
            return model;
        }
        catch
        {
            components.Dispose();
            throw;
        }
    }

    /// <summary>
    /// Adds low-rank patches to the networks' weights in place of those added before: W + Σ scale·ΔW. Waits for the
    /// evaluations that run; a generation in progress continues with the new weights.
    /// </summary>
    /// <param name="loras">
    /// Files with their scales, 1 for as trained; none removes all patches and restores the former weights, bit for bit.
    /// </param>
    /// <exception cref="InvalidOperationException">The model was put together from parts that are not known here.</exception>
    /// <exception cref="NotSupportedException">Its family does not support LoRA files.</exception>
    /// <exception cref="CheckpointException">
    /// A file is damaged, or has keys that fit no parameter; the exception lists them, and the weights are as they were. Where
    /// a file could be opened and then not be read, all patches are off.
    /// </exception>
    /// <exception cref="ArgumentOutOfRangeException">A scale is not finite.</exception>
    /// <exception cref="ObjectDisposedException">The model is disposed.</exception>
    public void SetLoras(params IReadOnlyList<(string Path, double Scale)> loras) => SetLoras(UnknownTensorHandling.Refuse, loras);

    /// <summary>The same with a choice for files that hold more than is known.</summary>
    /// <param name="unknown">
    /// True to refuse files with other kinds of adapters or names that fit no parameter; false to apply the known part.
    /// </param>
    /// <param name="loras">Files with their scales.</param>
    /// <inheritdoc cref="SetLoras(IReadOnlyList{ValueTuple{string, double}})" path="/exception"/>
    public void SetLoras(UnknownTensorHandling unknown, params IReadOnlyList<(string Path, double Scale)> loras)
    {
        ArgumentNullException.ThrowIfNull(loras);
        ApplyLoras([.. loras.Select(l => new LoraChoice(l.Path, l.Scale, unknown))]);
    }

    internal void ApplyLoras(IReadOnlyList<LoraChoice> loras)
    {
        foreach ((_, double scale, _) in loras)
            if (!double.IsFinite(scale)) throw new ArgumentOutOfRangeException(nameof(loras), scale, "A scale is a finite number.");
        ModelComponents components = Components ?? throw new InvalidOperationException(
            "LoRA needs a model from a folder or file; this one was put together from other parts.");
        if (components.Family.LoraComponents.Count == 0) throw new NotSupportedException($"{components.Family.Name} models have no LoRA.");
        NetworkUse.Change([.. Patched(components).Select(n => n.Network)], () => ReplaceLoras(components, loras));
    }

    private void ReplaceLoras(ModelComponents components, IReadOnlyList<LoraChoice> loras)
    {
        FindWeights(components);
        LoraTarget[] targets = [.. _weights.Select(n => LoraTarget.Create(components.Family.Lora(n.Key), n.Value))];
        var files = new List<(LoraFile File, double Weight)>();
        try
        {
            foreach (LoraChoice lora in loras) files.Add((LoraFile.Open(lora.Path, lora.Unknown, targets), lora.Scale));
            _loras ??= new AppliedLoras(_weights) { Stored = _storedWeights };
            // Where a file cannot be read any more, none stays.
            (Loras, LoraChoices, EmptyLoras, IgnoredLoraTensors) = ([], [], [], []);
            _loras.Set(files);
            Loras = [.. loras.Select(l => (l.Path, l.Scale))];
            LoraChoices = [.. loras];
            IgnoredLoraTensors = [.. files.Where(f => f.File.Ignored.Count > 0)
                .Select(f => (Path.GetFileName(f.File.Path), f.File.DescribeIgnored()!))];
            EmptyLoras = [.. files.Where(f => f.File.Patches.Count == 0).Select(f => Path.GetFileName(f.File.Path))];
        }
        finally
        {
            foreach ((LoraFile file, _) in files) file.Dispose();
        }
    }

    /// <summary>
    /// Writes the model as a diffusers folder, with the low-rank patches that are applied. What was read from a folder
    /// is written as it was: see <see cref="DiffusersFolder.Write"/>.
    /// </summary>
    /// <param name="folder">Created if it is missing.</param>
    /// <param name="type">Type of the weights; null for that of the files they were read from, or else their own.</param>
    /// <exception cref="InvalidOperationException">The model was put together from parts that are not known here.</exception>
    /// <exception cref="ObjectDisposedException">The model is disposed.</exception>
    public void Save(string folder, ScalarType? type = null) => DiffusersFolder.Write(
        Components ?? throw new InvalidOperationException(
            "Only a model from a folder or file can be written; this one was put together from other parts."),
        folder, type);

    /// <summary>
    /// Frees the weights of the text encoder for good, after the evaluations that read them. Generations then need
    /// <see cref="GenerationRequest.PromptEmbeds"/> and, with guidance, <see cref="GenerationRequest.NegativePromptEmbeds"/>. Encoding
    /// another prompt, changing LoRAs that patch the encoder, and <see cref="Save"/> (unless it copies the encoder's files) throw
    /// <see cref="ObjectDisposedException"/>. A second call does nothing.
    /// </summary>
    /// <exception cref="InvalidOperationException">The model's file has no text encoder, or a custom one has no Dispose.</exception>
    public void ReleaseTextEncoder()
    {
        if (TextEncoder is not IDisposable encoder)
            throw new InvalidOperationException($"{TextEncoder.GetType().Name} is not {nameof(IDisposable)} and cannot be released.");
        encoder.Dispose();
    }

    /// <summary>
    /// Releases the networks after the evaluations that run. Later calls that need them throw <see cref="ObjectDisposedException"/>.
    /// </summary>
    public void Dispose()
    {
        if (Interlocked.Exchange(ref _disposed, 1) != 0) return;
        (Denoiser as IDisposable)?.Dispose();
        (OwnTextEncoder as IDisposable)?.Dispose();
        (OwnAutoencoder as IDisposable)?.Dispose();
        // Networks that none of them uses, for example ControlNets.
        Components?.Dispose();
        // Last: the former weights of networks that are gone need not be restored.
        _loras?.Dispose();
    }

    /// <summary>Networks that were moved to another device and back have new tensors.</summary>
    private void FindWeights(ModelComponents components)
    {
        foreach ((string name, nn.Module network) in Patched(components))
            (_weights[name], _storedWeights[name]) = (network.state_dict(), StoredLayers.Find(network));
    }

    private static InvalidOperationException Missing(string what, string method) =>
        new($"The model's file has no {what}: call {method} on the pipeline's builder.");

    private static IEnumerable<(string Name, nn.Module Network)> Patched(ModelComponents components) =>
        components.Networks.Where(n => components.Family.LoraComponents.Any(known => known.Name == n.Name));
}
