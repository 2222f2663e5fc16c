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

    public BasicTransformerBlock(
        long channels, int heads, int headChannels, long contextChannels, bool onlyCrossAttention = false, double dropout = 0)
        : base(nameof(BasicTransformerBlock))
    {
        _onlyCrossAttention = onlyCrossAttention;
        _norm1 = Normalization.Layer(channels);
        _selfAttention = new CrossAttention(channels, onlyCrossAttention ? contextChannels : null, heads, headChannels);
        _norm2 = Normalization.Layer(channels);
        _crossAttention = new CrossAttention(channels, contextChannels, heads, headChannels);
        _norm3 = Normalization.Layer(channels);
        _feedForward = new FeedForward(channels, dropout);
        RegisterComponents();
    }

    /// <param name="hidden">[batch, positions, width].</param>
    /// <param name="context">[batch, tokens, context width].</param>
    /// <param name="contextBias">Added to the logits of attention to the context; null for none.</param>
    public override Tensor forward(Tensor hidden, Tensor context, Tensor? contextBias)
    {
        using DisposeScope scope = NewDisposeScope();
        hidden = hidden + (_onlyCrossAttention
            ? _selfAttention.call(_norm1.call(hidden), context, contextBias)
            : _selfAttention.call(_norm1.call(hidden), null, null));
        hidden = hidden + _crossAttention.call(_norm2.call(hidden), context, contextBias);
        hidden = hidden + _feedForward.call(_norm3.call(hidden));
        return hidden.MoveToOuterDisposeScope();
    }
}
