using static TorchSharp.torch;

namespace LatentDiffusion.Models;

/// <summary>
/// Reads the networks of one file with the names of the original latent-diffusion code. A file may lack its autoencoder or text
/// encoders; the U-Net must be there.
/// </summary>
/// <param name="file">The file.</param>
/// <param name="options">How it is loaded.</param>
/// <param name="model">What the file does not say.</param>
internal sealed class LdmReader(ITensorSource file, CheckpointOptions options, SingleFileOptions model) : IDisposable
{
    /// <summary>XL's refiner: a pooled text of 1280 values, and five numbers of 256 each.</summary>
    private const int RefinerAddedWidth = 2560;

    private static readonly string[] s_prefixes =
    [
        LdmNames.UNet, LdmNames.Autoencoder,
        LdmNames.Clip, LdmNames.OpenClip, LdmNames.ClipXL, LdmNames.OpenClipXL, LdmNames.OpenClipRefiner,
    ];

    private readonly List<nn.Module> _unfinished = [];
    private readonly SingleFileSections _sections = new(file, new SingleFileFilter(model, options.Logger), LdmNames.IsNote);

    public ModelComponents Read()
    {
        BpeVocabulary? vocabulary = model.Vocabulary ?? (HasText ? OpenVocabulary() : null);
        ScaledFloat8.Refuse(file);
        _sections.RefuseOthers(s_prefixes);
        var markers = new LdmMarkers(file);
        UNet2DConditionModel unet = Load(
            new LdmUNet(_sections[LdmNames.UNet]).Tensors(), source => new UNet2DConditionModel(UNetConfig(source), Layers(source)));
        bool xl = unet.Config.AdditionEmbedType == "text_time", second = Has(LdmNames.OpenClip) || (unet.Config.UseLinearProjection && !xl);
        bool refiner = Has(LdmNames.OpenClipRefiner) || (!HasText && unet.Config.ProjectionClassEmbeddingsInputDim == RefinerAddedWidth);
        AutoencoderKL? autoencoder = Has(LdmNames.Autoencoder) ? Autoencoder(LdmNames.Autoencoder, xl) : null;
        ClipTextModel? text = FirstTower(second), text2 = SecondTower();
        PredictionType prediction = model.PredictionType ?? markers.Prediction
            ?? (second && unet.Config.InChannels == 4 ? PredictionType.Velocity : PredictionType.Epsilon);
        SchedulerConfig scheduler = markers.Scheduler(PublishedModels.Scheduler(xl, unet.Config.TimeCondProjDim is not null, prediction));
        string pipelineClass = PublishedModels.PipelineClass(unet.Config, xl, refiner);
        var components = new ModelComponents(ModelFamilies.StableDiffusion, pipelineClass, scheduler)
        {
            [ComponentNames.UNet] = unet,
            [ComponentNames.Autoencoder] = autoencoder,
            [ComponentNames.TextEncoder] = text,
            [ComponentNames.TextEncoder2] = text2,
            [ComponentNames.Tokenizer] = Tokenizer(vocabulary, text, open: second),
            [ComponentNames.Tokenizer2] = Tokenizer(vocabulary, text2, open: true),
            Settings = PublishedModels.Settings(xl, refiner),
            IsPartial = true,
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
        return Only(Autoencoder(whole ? LdmNames.Autoencoder : "", xl));
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

    private AutoencoderKL Autoencoder(string prefix, bool xl) => Load(LdmAutoencoder.Tensors(_sections[prefix]), source =>
    {
        AutoencoderKLConfig config = model.Config<AutoencoderKLConfig>(ComponentNames.Autoencoder) ?? LdmAutoencoder.Infer(source, xl);
        return new AutoencoderKL(new LdmMarkers(file).Autoencoder(config), Layers(source));
    });

    /// <summary>The architecture that the header names; empty for none.</summary>
    private string Architecture => (file as SafetensorsFile)?.Metadata.GetValueOrDefault("modelspec.architecture") ?? "";

    /// <summary>OpenCLIP pads with its first token, CLIP with the end token.</summary>
    private static ClipTokenizerFiles? Tokenizer(BpeVocabulary? vocabulary, ClipTextModel? tower, bool open) =>
        tower is null || vocabulary is null
            ? null
            : new ClipTokenizerFiles(
                vocabulary, tower.Config.MaxPositionEmbeddings, open ? LdmText.OpenClipPadding : BpeVocabulary.EndToken);

    private ClipTextModel? FirstTower(bool second)
    {
        string? prefix = new[] { LdmNames.OpenClip, LdmNames.ClipXL, LdmNames.Clip }.FirstOrDefault(Has);
        if (prefix is null) return null;
        MappedTensor[] tensors = LdmText.Tensors(_sections[prefix]);
        return second
            ? Text(LdmText.Truncated(tensors), ComponentNames.TextEncoder, "gelu", projection: false)
            : Text(LdmText.WithoutProjection(tensors), ComponentNames.TextEncoder, "quick_gelu", projection: false);
    }

    private ClipTextModel? SecondTower()
    {
        string? prefix = new[] { LdmNames.OpenClipXL, LdmNames.OpenClipRefiner }.FirstOrDefault(Has);
        return prefix is null ? null : Text(LdmText.Tensors(_sections[prefix]), ComponentNames.TextEncoder2, "gelu", projection: true);
    }

    private ClipTextModel Text(IEnumerable<MappedTensor> tensors, string name, string activation, bool projection) => Load(
        tensors,
        source => new ClipTextModel(model.Config<ClipTextConfig>(name) ?? LdmText.Infer(source, activation), projection, Layers(source)));

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

    private UNet2DConditionConfig UNetConfig(ITensorSource source) =>
        model.Config<UNet2DConditionConfig>(ComponentNames.UNet) ?? new LdmUNetConfig(source).Infer();

    private bool HasText => s_prefixes[2..].Any(Has);

    /// <summary>The vocabulary of the named folder, or that next to the file.</summary>
    private BpeVocabulary? OpenVocabulary()
    {
        string? folder = model.TokenizerFolder ?? SingleFileCheckpoint.FindTokenizer(file.Path);
        if (folder is null && model.RequiresTokenizer)
        {
            throw new FileNotFoundException(
                $"A single file has no tokenizer, and next to {file.Path} there is no {BpeVocabulary.TokensFile} or "
                + $"{BpeVocabulary.CombinedFile}: name a folder with CLIP's {BpeVocabulary.TokensFile} and {BpeVocabulary.MergesFile}, "
                + $"or its {BpeVocabulary.CombinedFile}.");
        }

        return folder is null ? null : BpeVocabulary.Open(folder);
    }

    private T Only<T>(T network)
    {
        _unfinished.Clear();
        return network;
    }

    private bool Has(string prefix) => _sections.Has(prefix);
}
