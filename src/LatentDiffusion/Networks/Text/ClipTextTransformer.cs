using TorchSharp;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace LatentDiffusion.Networks;

/// <summary>
/// Token and position embeddings, the layers, and the final normalisation: what stands under <c>text_model</c> in the published files.
/// </summary>
internal sealed class ClipTextTransformer : nn.Module<Tensor, AddedEmbeddings?, (Tensor Last, Tensor Penultimate)>
{
    [ComponentName(Name = "embeddings")] private readonly Embeddings _embeddings;
    [ComponentName(Name = "encoder")] private readonly Encoder _encoder;
    [ComponentName(Name = "final_layer_norm")] private readonly LayerNormLayer _finalNorm;

    public ClipTextTransformer(ClipTextConfig config, LayerFactory layers) : base(NativeModule.Create(nameof(ClipTextTransformer)), 0)
    {
        _embeddings = new Embeddings(config, layers);
        _encoder = new Encoder(config, layers);
        _finalNorm = layers.LayerNorm(config.HiddenSize, config.LayerNormEps);
        RegisterComponents();
    }

    /// <summary>The normalised output of the last layer, and the output of the layer before it.</summary>
    public override (Tensor Last, Tensor Penultimate) forward(Tensor ids, AddedEmbeddings? added)
    {
        using DisposeScope scope = NewDisposeScope();
        (Tensor last, Tensor penultimate) = _encoder.forward(_embeddings.call(ids, added));
        return scope.MoveToOuter(_finalNorm.call(last), penultimate);
    }

    /// <summary>The normalised output of the last of the first <paramref name="layers"/> layers.</summary>
    public Tensor HiddenState(Tensor ids, int layers, AddedEmbeddings? added)
    {
        using DisposeScope scope = NewDisposeScope();
        return RawHiddenState(ids, layers, added).Into(_finalNorm.call).MoveToOuterDisposeScope();
    }

    /// <summary>The same, not normalised.</summary>
    public Tensor RawHiddenState(Tensor ids, int layers, AddedEmbeddings? added)
    {
        using DisposeScope scope = NewDisposeScope();
        return _encoder.forward(_embeddings.call(ids, added), layers).Last.MoveToOuterDisposeScope();
    }

    public Tensor Normalize(Tensor hidden) => _finalNorm.call(hidden);

    private sealed class Embeddings : nn.Module<Tensor, AddedEmbeddings?, Tensor>
    {
        [ComponentName(Name = "token_embedding")] private readonly nn.Module<Tensor, Tensor> _token;
        [ComponentName(Name = "position_embedding")] private readonly Embedding _position;

        // CLIP's own initialisation (Radford et al. 2021); a unit normal would drown the positions' differences.
        public Embeddings(ClipTextConfig config, LayerFactory layers) : base(NativeModule.Create(nameof(Embeddings)), 0)
        {
            _token = layers.TokenTable(config.VocabSize, config.HiddenSize, standardDeviation: 0.02);
            _position = layers.Embedding(config.MaxPositionEmbeddings, config.HiddenSize, standardDeviation: 0.01);
            RegisterComponents();
        }

        public override Tensor forward(Tensor ids, AddedEmbeddings? added)
        {
            using DisposeScope scope = NewDisposeScope();
            Tensor tokens = added is null ? _token.call(ids) : added.Embed(ids, _token.call);
            Tensor positions = TensorArithmetic.Range(ids.shape[1], ScalarType.Int64, ids.device);
            return tokens.Add(_position.call(positions)).MoveToOuterDisposeScope();
        }
    }

    private sealed class Encoder : LayerGroup
    {
        [ComponentName(Name = "layers")] private readonly LayerList<ClipEncoderLayer> _layers = [];

        public Encoder(ClipTextConfig config, LayerFactory layers) : base(nameof(Encoder))
        {
            var options = new ClipLayerOptions(
                config.HiddenSize, config.IntermediateSize, config.NumAttentionHeads, config.HiddenAct, config.LayerNormEps,
                IsCausal: true);
            for (int i = 0; i < config.NumHiddenLayers; i++) _layers.Add(new ClipEncoderLayer(options, layers));
            RegisterComponents();
        }

        public (Tensor Last, Tensor Penultimate) forward(Tensor hidden, int layers = int.MaxValue)
        {
            Tensor before = hidden;
            foreach (ClipEncoderLayer layer in _layers.Take(layers)) (before, hidden) = (hidden, layer.call(hidden));
            return (hidden, before);
        }
    }
}
