using TorchSharp;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace LatentDiffusion;

/// <summary>Self-attention, cross-attention to the text and a gated feed-forward, each normalised before and added to its input.</summary>
internal sealed class BasicTransformerBlock : nn.Module<Tensor, Tensor, Tensor?, Tensor>
{
    [ComponentName(Name = "norm1")] private readonly LayerNorm _norm1;
    [ComponentName(Name = "attn1")] private readonly CrossAttention _selfAttention;
    [ComponentName(Name = "norm2")] private readonly LayerNorm _norm2;
    [ComponentName(Name = "attn2")] private readonly CrossAttention _crossAttention;
    [ComponentName(Name = "norm3")] private readonly LayerNorm _norm3;
    [ComponentName(Name = "ff")] private readonly FeedForward _feedForward;
    private readonly bool _onlyCrossAttention;

    public BasicTransformerBlock(LayerFactory layers, long channels, TransformerOptions options) : base(nameof(BasicTransformerBlock))
    {
        _onlyCrossAttention = options.OnlyCrossAttention;
        _norm1 = layers.LayerNorm(channels);
        _selfAttention = new CrossAttention(layers, channels, _onlyCrossAttention ? options.ContextChannels : null, options);
        _norm2 = layers.LayerNorm(channels);
        _crossAttention = new CrossAttention(layers, channels, options.ContextChannels, options);
        _norm3 = layers.LayerNorm(channels);
        _feedForward = new FeedForward(layers, channels, options.Dropout);
        RegisterComponents();
    }

    /// <param name="hidden">[batch, positions, width].</param>
    /// <param name="context">[batch, tokens, context width].</param>
    /// <param name="contextBias">Added to the logits of attention to the context; null for none.</param>
    public override Tensor forward(Tensor hidden, Tensor context, Tensor? contextBias)
    {
        using DisposeScope scope = NewDisposeScope();
        hidden = hidden + _norm1.call(hidden).Into(x => _onlyCrossAttention
            ? _selfAttention.call(x, context, contextBias)
            : _selfAttention.call(x, null, null));
        hidden = hidden + _norm2.call(hidden).Into(x => _crossAttention.call(x, context, contextBias));
        hidden = hidden + _norm3.call(hidden).Into(_feedForward.call);
        return hidden.MoveToOuterDisposeScope();
    }
}
