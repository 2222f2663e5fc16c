using TorchSharp;
using static TorchSharp.torch;

namespace LatentDiffusion.Models;

/// <summary>Attention and feed-forward over one stream with one projection for the inputs of both and one for their outputs.</summary>
internal sealed class Flux2ParallelAttention : LayerGroup
{
    [ComponentName(Name = "to_qkv_mlp_proj")] private readonly LinearLayer _in;
    [ComponentName(Name = "norm_q")] private readonly RmsNormLayer _queryNorm;
    [ComponentName(Name = "norm_k")] private readonly RmsNormLayer _keyNorm;
    [ComponentName(Name = "to_out")] private readonly LinearLayer _out;
    private readonly Flux2TransformerConfig _config;

    public Flux2ParallelAttention(LayerFactory layers, Flux2TransformerConfig config) : base(nameof(Flux2ParallelAttention))
    {
        const int QueryKeyValue = 3, GateAndValue = 2;
        _config = config;
        int width = config.Width, hidden = config.FeedForwardWidth;
        _in = layers.Linear(width, QueryKeyValue * width + GateAndValue * hidden, bias: false);
        _queryNorm = layers.RmsNorm(config.AttentionHeadDim, config.Eps);
        _keyNorm = layers.RmsNorm(config.AttentionHeadDim, config.Eps);
        _out = layers.Linear(width + hidden, width, bias: false);
        RegisterComponents();
    }

    /// <param name="tokens">[batch, tokens, width].</param>
    /// <param name="rotations">Rotations of the tokens.</param>
    public Tensor Run(Tensor tokens, Tensor rotations)
    {
        using DisposeScope scope = NewDisposeScope();
        long width = _config.Width;
        Tensor projected = _in.call(tokens);
        Tensor query = RotaryEmbedding.Rotate(_queryNorm.call(Heads(0)), rotations);
        Tensor key = RotaryEmbedding.Rotate(_keyNorm.call(Heads(1)), rotations);
        Tensor attended = AttentionHeads.Attend(
            query.flatten(2), key.flatten(2), projected.narrow(-1, 2 * width, width), _config.NumAttentionHeads);
        Tensor fed = Activations.SwiGlu(projected.narrow(-1, 3 * width, projected.shape[^1] - 3 * width));
        return _out.call(cat([attended, fed], -1)).MoveToOuterDisposeScope();

        Tensor Heads(int part) => projected.narrow(-1, part * width, width)
            .reshape(projected.shape[0], projected.shape[1], _config.NumAttentionHeads, _config.AttentionHeadDim);
    }
}
