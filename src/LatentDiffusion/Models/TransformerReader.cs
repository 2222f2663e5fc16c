using static TorchSharp.torch;

namespace LatentDiffusion.Models;

/// <summary>
/// Reads a single file of a transformer family: the transformer with original or published names, and the autoencoder and text encoders
/// that the file has.
/// </summary>
internal sealed class TransformerReader<TNetwork, TConfig> : IDisposable where TNetwork : nn.Module where TConfig : NetworkConfig
{
    private readonly SingleFileOptions _model;
    private readonly TransformerPublication<TConfig> _published;
    private readonly SingleFileTokenizers _tokenizers;
    private readonly SingleFileSections _sections;
    private readonly SingleFileNetworks _networks;
    private readonly TextEncoderReader _texts;

    /// <param name="file">The file, which the caller closes.</param>
    /// <param name="options">How it is loaded.</param>
    /// <param name="model">What the file does not say.</param>
    /// <param name="published">How the family was published.</param>
    public TransformerReader(
        ITensorSource file, CheckpointOptions options, SingleFileOptions model, TransformerPublication<TConfig> published)
    {
        (_model, _published, _tokenizers) = (model, published, new SingleFileTokenizers(file, model));
        _sections = new SingleFileSections(
            file, new SingleFileFilter(model, options.Logger), name => published.IsNote(name) || TextEncoderReader.IsNote(name));
        _networks = new SingleFileNetworks(file, options, _sections);
        _texts = new TextEncoderReader(file, model, _sections, _networks);
    }

    /// <summary>Reads the components.</summary>
    /// <param name="family">The family that they belong to.</param>
    /// <param name="type">The class of the transformer.</param>
    /// <exception cref="CheckpointException">The file has tensors that fit no network, or lacks some.</exception>
    public ModelComponents Read(ModelFamily family, NetworkType type)
    {
        // Only files of several networks have prefixes.
        string? autoencoder = Prefix.Length > 0 ? SingleFileSections.Autoencoders.FirstOrDefault(_sections.Has) : null;
        ComponentDescription[] texts = Prefix.Length > 0 ? [.. family.Components.Where(component => _texts.Has(component.Type))] : [];
        string?[] prefixes = [Prefix, autoencoder, .. texts.Select(text => _texts.PrefixOf(text.Type))];
        if (Prefix.Length > 0) _sections.RefuseOthers([.. prefixes.OfType<string>()]);
        // Before the weights, which take longer.
        object?[] tokenizers = [.. texts.Select(text => OpenTokenizer(text.Type))];
        TNetwork network = Transformer(type);
        var read = new Dictionary<string, object> { [ComponentNames.Transformer] = network };
        if (autoencoder is not null) read.Add(ComponentNames.Autoencoder, Autoencoder(_sections[autoencoder]));
        foreach ((ComponentDescription text, object? tokenizer) in texts.Zip(tokenizers))
        {
            nn.Module encoder = _texts.Read((NetworkType)family.TypeOf(text.Type), text.Name);
            read.Add(text.Name, encoder);
            string name = text.Name.Replace(ComponentNames.TextEncoder, ComponentNames.Tokenizer, StringComparison.Ordinal);
            if (tokenizer is not null) read.Add(name, Tokenizer(tokenizer, encoder));
        }

        var config = (TConfig)type.ConfigOf(network);
        var components = new ModelComponents(family, _published.PipelineClass(config), _published.Scheduler(config), read)
        {
            IsPartial = true,
        };
        _networks.Release();
        return components;
    }

    /// <summary>Reads only the transformer.</summary>
    /// <param name="type">Its class.</param>
    /// <inheritdoc cref="Read" path="/exception"/>
    public TNetwork ReadTransformer(NetworkType type)
    {
        TNetwork network = Transformer(type);
        _networks.Release();
        return network;
    }

    /// <summary>Disposes what was built before something failed.</summary>
    public void Dispose() => _networks.Dispose();

    private string Prefix => field ??=
        _sections.Has(TransformerPublication<TConfig>.Prefix) ? TransformerPublication<TConfig>.Prefix : "";

    private TNetwork Transformer(NetworkType type) => _networks.Load(
        _published.Names.Tensors(_sections[Prefix]),
        (source, layers) => (TNetwork)type.Build(
            _model.Config<TConfig>(ComponentNames.Transformer) ?? _published.Infer(source), layers));

    /// <summary>The tokenizer of a text encoder; of CLIP its vocabulary. Null for none.</summary>
    private object? OpenTokenizer(Type encoder) => encoder == typeof(ClipTextModel) ? _tokenizers.OpenClip()
        : encoder == typeof(T5EncoderModel) ? _tokenizers.OpenT5()
        : _tokenizers.OpenQwen3();

    /// <summary>The tokenizer as a component. CLIP's ends where its text tower does.</summary>
    private static object Tokenizer(object opened, nn.Module encoder) => (opened, encoder) switch
    {
        (BpeVocabulary vocabulary, ClipTextModel tower) => new ClipTokenizerFiles(vocabulary, tower.Config.MaxPositionEmbeddings),
        _ => opened,
    };

    private nn.Module Autoencoder(Dictionary<string, TensorEntry> stored) => LdmAutoencoder.IsFlux2(stored)
        ? _networks.Load(
            LdmAutoencoder.Tensors(stored),
            (source, layers) => new AutoencoderKLFlux2(
                _model.Config<AutoencoderKLFlux2Config>(ComponentNames.Autoencoder) ?? LdmAutoencoder.InferFlux2(source), layers))
        : _networks.Load(
            LdmAutoencoder.Tensors(stored),
            (source, layers) => new AutoencoderKL(
                _model.Config<AutoencoderKLConfig>(ComponentNames.Autoencoder) ?? LdmAutoencoder.Infer(source, PublishedLatents.Flux),
                layers));
}
