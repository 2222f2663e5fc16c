namespace LatentDiffusion.Models;

/// <summary>
/// Reads the networks of one file with the names of the original code of Stable Diffusion 3. A file may lack its autoencoder and text
/// encoders; the transformer must be there.
/// </summary>
internal sealed class SD3Reader : IDisposable
{
    private readonly ITensorSource _file;
    private readonly SingleFileOptions _model;
    private readonly SingleFileSections _sections;
    private readonly SingleFileNetworks _networks;
    private readonly TextEncoderReader _texts;

    /// <param name="file">The file.</param>
    /// <param name="options">How it is loaded.</param>
    /// <param name="model">Settings that the file does not contain.</param>
    public SD3Reader(ITensorSource file, CheckpointOptions options, SingleFileOptions model)
    {
        (_file, _model) = (file, model);
        _sections = new SingleFileSections(
            file, new SingleFileFilter(model, options.Logger), name => LdmNames.IsNote(name) || TextEncoderReader.IsNote(name));
        _networks = new SingleFileNetworks(file, options, _sections);
        _texts = new TextEncoderReader(file, model, _sections, _networks);
    }

    public ModelComponents Read()
    {
        string? autoencoder = SingleFileSections.Autoencoders.FirstOrDefault(_sections.Has);
        if (Prefix.Length > 0) _sections.RefuseOthers([.. new[] { Prefix, autoencoder }.OfType<string>(), .. _texts.Prefixes]);
        var tokenizers = new SingleFileTokenizers(_file, _model);
        bool readsClip = _sections.Has(TextEncoderReader.ClipL) && _sections.Has(TextEncoderReader.ClipG);
        bool readsT5 = _texts.Has(typeof(T5EncoderModel));
        BpeVocabulary? vocabulary = readsClip ? tokenizers.OpenClip() : null;
        TextTokenizerFiles? t5Tokenizer = readsT5 ? tokenizers.OpenT5() : null;
        ClipTextModel? first = readsClip
            ? _texts.ReadProjectedClip(TextEncoderReader.ClipL, ComponentNames.TextEncoder, "quick_gelu")
            : null;
        ClipTextModel? second = readsClip ? _texts.ReadProjectedClip(TextEncoderReader.ClipG, ComponentNames.TextEncoder2, "gelu") : null;
        var components = new ModelComponents(ModelFamilies.StableDiffusion3, "StableDiffusion3Pipeline", SD3Published.Scheduler)
        {
            [ComponentNames.Transformer] = Transformer(),
            [ComponentNames.Autoencoder] = autoencoder is null || Prefix.Length == 0 ? null : Autoencoder(autoencoder),
            [ComponentNames.TextEncoder] = first,
            [ComponentNames.TextEncoder2] = second,
            [ComponentNames.TextEncoder3] = readsT5
                ? _texts.Read((NetworkType)ModelFamilies.StableDiffusion3.TypeOf(nameof(T5EncoderModel))!, ComponentNames.TextEncoder3)
                : null,
            [ComponentNames.Tokenizer] = Tokenizer(vocabulary, first, BpeVocabulary.EndToken),
            [ComponentNames.Tokenizer2] = Tokenizer(vocabulary, second, LdmText.OpenClipPadding),
            [ComponentNames.Tokenizer3] = t5Tokenizer,
            IsPartial = true,
        };
        _networks.Release();
        return components;
    }

    /// <summary>A transformer by itself, or that of a whole model.</summary>
    public SD3Transformer2DModel ReadTransformer()
    {
        SD3Transformer2DModel transformer = Transformer();
        _networks.Release();
        return transformer;
    }

    /// <summary>Disposes the components that were built before a failure.</summary>
    public void Dispose() => _networks.Dispose();

    /// <summary>Files of only the transformer have no prefix.</summary>
    private string Prefix => field ??= _sections.Has(SD3Names.Transformer) ? SD3Names.Transformer : "";

    private SD3Transformer2DModel Transformer() => _networks.Load(
        SD3Names.Tensors(_sections[Prefix]),
        (source, layers) => new SD3Transformer2DModel(
            _model.Config<SD3TransformerConfig>(ComponentNames.Transformer) ?? SD3Published.Infer(source), layers));

    private static ClipTokenizerFiles? Tokenizer(BpeVocabulary? vocabulary, ClipTextModel? tower, string padding) =>
        vocabulary is null || tower is null ? null : new ClipTokenizerFiles(vocabulary, tower.Config.MaxPositionEmbeddings, padding);

    private AutoencoderKL Autoencoder(string prefix) => _networks.Load(
        LdmAutoencoder.Tensors(_sections[prefix]),
        (source, layers) => new AutoencoderKL(
            _model.Config<AutoencoderKLConfig>(ComponentNames.Autoencoder)
                ?? LdmAutoencoder.Infer(source, PublishedLatents.StableDiffusion3),
            layers));
}
