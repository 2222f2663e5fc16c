using TorchSharp;
using static TorchSharp.torch;

namespace LatentDiffusion.Networks;

/// <summary>
/// The encoder of T5 (Raffel et al. 2020; version 1.1 with gated feed-forwards: Shazeer 2020). Parameter names are the published
/// ones; <c>encoder.embed_tokens.weight</c>, which some files have too, is <c>shared.weight</c>.
/// </summary>
public sealed class T5EncoderModel : nn.Module<Tensor, Tensor?, Tensor>
{
    [ComponentName(Name = "shared")] private readonly nn.Module<Tensor, Tensor> _shared;
    [ComponentName(Name = "encoder")] private readonly T5Encoder _encoder;

    /// <summary>Builds the network, initialised at random.</summary>
    /// <param name="config">Its configuration.</param>
    /// <exception cref="NotSupportedException">The configuration asks for an activation that is not known.</exception>
    /// <exception cref="ArgumentException">The configuration contradicts itself.</exception>
    public T5EncoderModel(T5Config config) : this(config, LayerFactory.Random)
    {
    }

    internal T5EncoderModel(T5Config config, LayerFactory layers) : base(NativeModule.Create(nameof(T5EncoderModel)), 0)
    {
        ArgumentNullException.ThrowIfNull(config);
        config.Check();
        Config = config;
        _shared = layers.TokenTable(config.VocabSize, config.DModel);
        _encoder = new T5Encoder(config, layers);
        RegisterComponents();
    }

    /// <summary>The configuration it was built from.</summary>
    public T5Config Config { get; }

    /// <summary>The normalised hidden states of the last layer.</summary>
    /// <param name="ids">Token ids, [batch, tokens], int64.</param>
    /// <param name="mask">1 for tokens that may be attended to and 0 for others, [batch, tokens]; null for all.</param>
    /// <returns>[batch, tokens, width], also for tokens that are masked.</returns>
    public override Tensor forward(Tensor ids, Tensor? mask)
    {
        ArgumentNullException.ThrowIfNull(ids);
        using NetworkUse weights = NetworkUse.ToEvaluate(this);
        using DisposeScope scope = NewDisposeScope();
        return _encoder.call(_shared.call(ids), mask).MoveToOuterDisposeScope();
    }

    /// <summary>The normalised hidden states of the last layer, every token attended to.</summary>
    /// <param name="ids">Token ids, [batch, tokens], int64.</param>
    /// <returns>[batch, tokens, width].</returns>
    public Tensor call(Tensor ids) => call(ids, null);

    /// <summary>The hidden states of the first layer.</summary>
    internal Tensor FirstHiddenState(Tensor ids, Tensor? mask)
    {
        using NetworkUse weights = NetworkUse.ToEvaluate(this);
        using DisposeScope scope = NewDisposeScope();
        return _encoder.Run(_shared.call(ids), mask, layers: 1).MoveToOuterDisposeScope();
    }

    /// <summary>Frees the weights, after the calls that read them.</summary>
    protected override void Dispose(bool disposing)
    {
        if (disposing) NetworkUse.Free(this, () => base.Dispose(disposing: true));
        else base.Dispose(disposing: false);
    }
}
