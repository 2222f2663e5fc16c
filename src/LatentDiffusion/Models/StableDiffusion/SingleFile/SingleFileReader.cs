using static TorchSharp.torch;

namespace LatentDiffusion;

/// <summary>Reads the networks of one file. A file may lack its autoencoder or text towers; the U-Net must be there.</summary>
/// <param name="file">The file.</param>
/// <param name="options">How it is loaded.</param>
/// <param name="model">What the file does not say.</param>
internal sealed class SingleFileReader(ITensorSource file, CheckpointOptions options, SingleFileOptions model) : IDisposable
{
    /// <summary>XL's refiner: a pooled text of 1280 values, and five numbers of 256 each.</summary>
    private const int RefinerAddedWidth = 2560;

    private static readonly string[] s_prefixes =
    [
        LdmNames.UNet, LdmNames.Autoencoder, LdmNames.Clip, LdmNames.OpenClip, LdmNames.ClipXL, LdmNames.OpenClipXL, LdmNames.OpenClipRefiner,
    ];

    private readonly List<nn.Module> _unfinished = [];
    private readonly SingleFileSections _sections = new(file, new SingleFileFilter(model, options.Logger));

    /// <summary>Whether a file has a text tower, which needs a tokenizer.</summary>
    public static bool HasText(ITensorSource file) => file.Entries.Any(e => s_prefixes[2..].Any(prefix => e.Name.StartsWith(prefix, StringComparison.Ordinal)));

    public StableDiffusionComponents Read()
    {
        ScaledFloat8.Refuse(file);
        _sections.RefuseOthers(s_prefixes);
        var markers = new LdmMarkers(file);
        UNet2DConditionModel unet = Load(new LdmUNet(_sections[LdmNames.UNet]).Tensors(),
            source => new UNet2DConditionModel(model.UNet ?? new LdmUNetConfig(source).Infer(), Layers(source)));
        bool xl = unet.Config.AdditionEmbedType == "text_time", second = Has(LdmNames.OpenClip) || (unet.Config.UseLinearProjection && !xl);
        bool refiner = Has(LdmNames.OpenClipRefiner) || (!HasText(file) && unet.Config.ProjectionClassEmbeddingsInputDim == RefinerAddedWidth);
        AutoencoderKL? autoencoder = !Has(LdmNames.Autoencoder) ? null : Load(LdmAutoencoder.Tensors(_sections[LdmNames.Autoencoder]),
            source => new AutoencoderKL(markers.Autoencoder(model.Autoencoder ?? LdmAutoencoder.Infer(source, xl)), Layers(source)));
        ClipTextModel? text = FirstTower(second), text2 = SecondTower();
        var components = new StableDiffusionComponents
        {
            PipelineClass = PublishedModels.PipelineClass(unet.Config, xl, refiner),
            UNet = unet,
            Autoencoder = autoencoder!,
            TextEncoder = text,
            TextEncoder2 = text2,
            Tokenizer = Tokenizer(text, open: second),
            Tokenizer2 = Tokenizer(text2, open: true),
            ForceZerosForEmptyPrompt = !refiner,
            RequiresAestheticsScore = refiner,
            Scheduler = markers.Scheduler(PublishedModels.Scheduler(xl, unet.Config.TimeCondProjDim is not null, model.PredictionType ?? markers.Prediction
                ?? (second && unet.Config.InChannels == 4 ? PredictionType.Velocity : PredictionType.Epsilon))),
        };
        _unfinished.Clear();
        return components;
    }

    /// <summary>An autoencoder on its own, or that of a whole model.</summary>
    public AutoencoderKL ReadAutoencoder()
    {
        ScaledFloat8.Refuse(file);
        bool whole = Has(LdmNames.Autoencoder);
        bool xl = whole ? Has(LdmNames.UNet + "label_emb.") : Architecture.Contains("xl", StringComparison.OrdinalIgnoreCase);
        return Only(Load(LdmAutoencoder.Tensors(_sections[whole ? LdmNames.Autoencoder : ""]),
            source => new AutoencoderKL(new LdmMarkers(file).Autoencoder(model.Autoencoder ?? LdmAutoencoder.Infer(source, xl)), Layers(source))));
    }

    /// <summary>A ControlNet on its own, or next to a whole model.</summary>
    public ControlNetModel ReadControlNet()
    {
        ScaledFloat8.Refuse(file);
        return Only(Load(
            LdmControlNet.Tensors(_sections[Has(LdmNames.ControlNet) ? LdmNames.ControlNet : ""]),
            source => new ControlNetModel(LdmControlNet.Infer(source), Layers(source))));
    }

    /// <summary>Disposes what was built before something failed.</summary>
    public void Dispose()
    {
        foreach (nn.Module network in _unfinished) network.Dispose();
    }

    /// <summary>What the header says that the file is; empty where it says nothing.</summary>
    private string Architecture => (file as SafetensorsFile)?.Metadata.GetValueOrDefault("modelspec.architecture") ?? "";

    /// <summary>OpenCLIP pads with its first token, CLIP with the end token.</summary>
    private ClipTokenizerFiles? Tokenizer(ClipTextModel? tower, bool open) => tower is null || model.Vocabulary is not { } vocabulary
        ? null
        : new ClipTokenizerFiles(vocabulary, tower.Config.MaxPositionEmbeddings, open ? LdmText.OpenClipPadding : BpeVocabulary.EndToken);

    private ClipTextModel? FirstTower(bool second)
    {
        string? prefix = new[] { LdmNames.OpenClip, LdmNames.ClipXL, LdmNames.Clip }.FirstOrDefault(Has);
        if (prefix is null) return null;
        MappedTensor[] tensors = LdmText.Tensors(_sections[prefix]);
        return Text(second ? LdmText.Truncated(tensors) : LdmText.WithoutProjection(tensors), model.TextEncoder, second ? "gelu" : "quick_gelu", projection: false);
    }

    private ClipTextModel? SecondTower()
    {
        string? prefix = new[] { LdmNames.OpenClipXL, LdmNames.OpenClipRefiner }.FirstOrDefault(Has);
        return prefix is null ? null : Text(LdmText.Tensors(_sections[prefix]), model.TextEncoder2, "gelu", projection: true);
    }

    private ClipTextModel Text(IEnumerable<MappedTensor> tensors, ClipTextConfig? config, string activation, bool projection) => Load(
        tensors, source => new ClipTextModel(config ?? LdmText.Infer(source, activation), projection, Layers(source)));

    private T Load<T>(IEnumerable<MappedTensor> tensors, Func<ITensorSource, T> build) where T : nn.Module
    {
        MappedTensor[] all = [.. tensors];
        using var source = new MappedTensors(file, all);
        T network;
        try
        {
            network = build(source);
        }
        catch (ArgumentException e)
        {
            throw new CheckpointException(file.Path, $"the configuration that follows from its tensors contradicts itself: {e.Message}", e);
        }

        _unfinished.Add(network);
        Dictionary<string, Tensor> parameters = network.state_dict();
        using var known = new MappedTensors(file, _sections.Known(all, parameters.Keys));
        try
        {
            StateDict.Load(parameters, known);
        }
        catch (CheckpointException e) when (e.Unexpected.Count > 0)
        {
            // By the names of the file, which are those that IgnoredTensors takes.
            ILookup<string, string> stored = all.ToLookup(tensor => tensor.Name, tensor => tensor.Stored.Name);
            throw new CheckpointException(file.Path, e.Missing, [.. e.Unexpected.SelectMany(name => stored[name]).Distinct()], e.Misshaped);
        }

        network.eval();
        return network;
    }

    /// <summary>Layers of no more parameters than the file can have.</summary>
    private LayerFactory Layers(ITensorSource source) => LayerFactory.For(source, options.Device, options.TypeFor(source));

    private T Only<T>(T network)
    {
        _unfinished.Clear();
        return network;
    }

    private bool Has(string prefix) => _sections.Has(prefix);
}
