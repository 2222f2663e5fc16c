using TorchSharp;
using static TorchSharp.torch;

namespace LatentDiffusion.Networks;

/// <summary>CLIP's text tower (Radford et al. 2021): a transformer over token ids. Parameter names are the published ones.</summary>
public sealed class ClipTextModel : nn.Module<Tensor, ClipTextOutput>
{
    // Files written before the id was corrected carry 2 and mean the highest id in the prompt.
    private const int LegacyEosTokenId = 2;

    [ComponentName(Name = "text_model")] private readonly ClipTextTransformer _textModel;
    [ComponentName(Name = "text_projection")] private readonly LinearLayer? _projection;

    /// <summary>Builds the network, initialised at random.</summary>
    /// <param name="config">Its configuration.</param>
    /// <param name="projection">Whether it has a projection of the pooled output.</param>
    /// <exception cref="NotSupportedException">The configuration asks for an activation or option that is not known.</exception>
    /// <exception cref="ArgumentException">The configuration contradicts itself.</exception>
    public ClipTextModel(ClipTextConfig config, bool projection = false) : this(config, projection, LayerFactory.Random)
    {
    }

    internal ClipTextModel(ClipTextConfig config, bool projection, LayerFactory layers)
        : base(NativeModule.Create(nameof(ClipTextModel)), 0)
    {
        ArgumentNullException.ThrowIfNull(config);
        ConfigRules.Unset("attention_dropout", config.AttentionDropout == 0, config.AttentionDropout);
        ConfigRules.Unset("dropout", config.Dropout == 0, config.Dropout);
        config.Check();
        if (projection) ConfigRules.Positive("projection_dim", config.ProjectionDim);
        Config = config;
        _textModel = new ClipTextTransformer(config, layers);
        if (projection) _projection = layers.Linear(config.HiddenSize, config.ProjectionDim, bias: false);
        RegisterComponents();
    }

    /// <summary>The configuration it was built from.</summary>
    public ClipTextConfig Config { get; }

    /// <summary>Whether it has a projection of the pooled output.</summary>
    public bool HasProjection => _projection is not null;

    /// <summary>Evaluates the network.</summary>
    /// <param name="ids">Token ids, [batch, tokens], int64.</param>
    public override ClipTextOutput forward(Tensor ids) => forward(ids, added: null);

    /// <summary>Evaluates the network with further tokens.</summary>
    internal ClipTextOutput forward(Tensor ids, AddedEmbeddings? added)
    {
        ArgumentNullException.ThrowIfNull(ids);
        using NetworkUse weights = NetworkUse.ToEvaluate(this);
        using DisposeScope scope = NewDisposeScope();
        (Tensor last, Tensor penultimate) = _textModel.forward(ids, added);
        // Added tokens have higher ids than the end token.
        Tensor end = Config.EosTokenId == LegacyEosTokenId
            ? (added is null ? ids : added.WithoutAdded(ids)).argmax(-1)
            : ids.EqualTo(Config.EosTokenId).to(ScalarType.Int32).argmax(-1);
        Tensor pooled = last.gather(1, end.view(-1, 1, 1).expand(-1, 1, last.shape[2])).squeeze(1);
        Tensor? projected = _projection?.call(pooled);
        scope.MoveToOuter(last, penultimate, pooled);
        projected?.MoveToOuterDisposeScope();
        return new ClipTextOutput(last, penultimate, pooled, projected);
    }

    /// <summary>The normalised hidden states of a layer counted from the end ("clip skip"); later layers are not evaluated.</summary>
    /// <param name="ids">Token ids, [batch, tokens], int64.</param>
    /// <param name="clipSkip">1 for the last layer, 2 for the one before it, and so on, at most the number of layers.</param>
    /// <returns>[batch, tokens, width].</returns>
    /// <exception cref="ArgumentOutOfRangeException">The layer does not exist.</exception>
    public Tensor HiddenState(Tensor ids, int clipSkip) => HiddenState(ids, clipSkip, added: null);

    /// <summary>The same with further tokens.</summary>
    internal Tensor HiddenState(Tensor ids, int clipSkip, AddedEmbeddings? added)
    {
        ArgumentNullException.ThrowIfNull(ids);
        if (clipSkip < 1 || clipSkip > Config.NumHiddenLayers)
            throw new ArgumentOutOfRangeException(
                nameof(clipSkip), clipSkip, $"The layers count from 1, the last, to {Config.NumHiddenLayers}.");
        using NetworkUse weights = NetworkUse.ToEvaluate(this);
        return _textModel.HiddenState(ids, Config.NumHiddenLayers - clipSkip + 1, added);
    }

    /// <summary>The hidden states of only the first layers, as they are before any normalisation.</summary>
    internal Tensor RawHiddenState(Tensor ids, int layers, AddedEmbeddings? added = null)
    {
        using NetworkUse weights = NetworkUse.ToEvaluate(this);
        return _textModel.RawHiddenState(ids, layers, added);
    }

    /// <summary>Only the final normalisation, for hidden states of an earlier layer ("clip skip").</summary>
    /// <param name="hidden">[batch, tokens, width].</param>
    public Tensor Normalize(Tensor hidden)
    {
        using NetworkUse weights = NetworkUse.ToEvaluate(this);
        return _textModel.Normalize(hidden);
    }

    /// <summary>Frees the weights, after the calls that read them.</summary>
    protected override void Dispose(bool disposing)
    {
        if (disposing) NetworkUse.Free(this, () => base.Dispose(disposing: true));
        else base.Dispose(disposing: false);
    }
}
