using static TorchSharp.torch;

namespace LatentDiffusion;

/// <summary>Reads the networks of one file.</summary>
/// <param name="file">The file.</param>
/// <param name="options">How it is loaded.</param>
/// <param name="model">What the file does not say.</param>
internal sealed class SingleFileReader(ITensorSource file, CheckpointOptions options, SingleFileOptions model) : IDisposable
{
    private static readonly string[] s_prefixes =
    [
        LdmNames.UNet, LdmNames.Autoencoder, LdmNames.Clip, LdmNames.OpenClip, LdmNames.ClipXL, LdmNames.OpenClipXL, LdmNames.OpenClipRefiner,
    ];

    private readonly List<nn.Module> _unfinished = [];

    public StableDiffusionComponents Read()
    {
        RefuseUnknown();
        bool xl = Has(LdmNames.OpenClipXL) || Has(LdmNames.OpenClipRefiner), second = Has(LdmNames.OpenClip);
        UNet2DConditionModel unet = Load(new LdmUNet(Section(LdmNames.UNet)).Tensors(),
            source => (model.UNet ?? new LdmUNetConfig(source).Infer()).BuildUninitialized(options.Device, options.TypeFor(source)));
        AutoencoderKL autoencoder = Load(LdmAutoencoder.Tensors(Section(LdmNames.Autoencoder)),
            source => (model.Autoencoder ?? LdmAutoencoder.Infer(source, xl)).BuildUninitialized(options.Device, options.TypeFor(source)));
        ClipTextModel? text = FirstTower(), text2 = !xl ? null : Text(
            LdmText.OpenClip(Section(Has(LdmNames.OpenClipXL) ? LdmNames.OpenClipXL : LdmNames.OpenClipRefiner), truncated: false),
            model.TextEncoder2, "gelu", projection: true);
        bool refiner = Has(LdmNames.OpenClipRefiner);
        var components = new StableDiffusionComponents
        {
            PipelineClass = PublishedModels.PipelineClass(unet.Config, xl, refiner),
            UNet = unet,
            Autoencoder = autoencoder,
            TextEncoder = text,
            TextEncoder2 = text2,
            Tokenizer = Tokenizer(text, open: second),
            Tokenizer2 = Tokenizer(text2, open: true),
            ForceZerosForEmptyPrompt = !refiner,
            RequiresAestheticsScore = refiner,
            Scheduler = PublishedModels.Scheduler(xl, model.PredictionType ?? (second && unet.Config.InChannels == 4 ? PredictionType.Velocity : PredictionType.Epsilon)),
        };
        _unfinished.Clear();
        return components;
    }

    /// <summary>Disposes what was built before something failed.</summary>
    public void Dispose()
    {
        foreach (nn.Module network in _unfinished) network.Dispose();
    }

    /// <summary>OpenCLIP pads with its first token, CLIP with the end token.</summary>
    private ClipTokenizerFiles? Tokenizer(ClipTextModel? tower, bool open) => tower is null || model.Vocabulary is not { } vocabulary
        ? null
        : new ClipTokenizerFiles(vocabulary, tower.Config.MaxPositionEmbeddings, open ? LdmText.OpenClipPadding : BpeVocabulary.EndToken);

    private ClipTextModel? FirstTower()
    {
        if (Has(LdmNames.OpenClipRefiner)) return null;
        if (Has(LdmNames.OpenClip)) return Text(LdmText.OpenClip(Section(LdmNames.OpenClip), truncated: true), model.TextEncoder, "gelu", projection: false);
        return Text(LdmText.Clip(Section(Has(LdmNames.ClipXL) ? LdmNames.ClipXL : LdmNames.Clip)), model.TextEncoder, "quick_gelu", projection: false);
    }

    private ClipTextModel Text(IEnumerable<MappedTensor> tensors, ClipTextConfig? config, string activation, bool projection) => Load(
        tensors, source => (config ?? LdmText.Infer(source, activation)).BuildUninitialized(projection, options.Device, options.TypeFor(source)));

    private T Load<T>(IEnumerable<MappedTensor> tensors, Func<ITensorSource, T> build) where T : nn.Module
    {
        using var source = new MappedTensors(file, tensors);
        T network = build(source);
        _unfinished.Add(network);
        StateDict.Load(network, source);
        network.eval();
        return network;
    }

    private bool Has(string prefix) => file.Entries.Any(e => e.Name.StartsWith(prefix, StringComparison.Ordinal));

    /// <summary>One network's tensors by their names without the prefix.</summary>
    private Dictionary<string, TensorEntry> Section(string prefix)
    {
        var section = file.Entries
            .Where(e => e.Name.StartsWith(prefix, StringComparison.Ordinal) && !LdmNames.PassedOver.IsMatch(e.Name))
            .ToDictionary(e => e.Name[prefix.Length..]);
        return section.Count > 0 ? section : throw new CheckpointException(file.Path, $"it has no tensors '{prefix}*': no whole model in one file.");
    }

    private void RefuseUnknown()
    {
        string[] unknown =
        [
            .. file.Entries.Select(e => e.Name)
                .Where(name => !LdmNames.PassedOver.IsMatch(name) && !s_prefixes.Any(p => name.StartsWith(p, StringComparison.Ordinal))),
        ];
        if (unknown.Length > 0) throw new CheckpointException(file.Path, [], unknown, []);
    }
}
