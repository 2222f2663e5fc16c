using TorchSharp;
using static TorchSharp.torch;

namespace LatentDiffusion.Networks;

/// <summary>Self-attention, cross-attention to the text and a gated feed-forward, each normalised before and added to its input.</summary>
internal sealed class BasicTransformerBlock : nn.Module<Tensor, TextContext, Tensor>
{
    [ComponentName(Name = "norm1")] private readonly LayerNormLayer _norm1;
    [ComponentName(Name = "attn1")] private readonly CrossAttention _selfAttention;
    [ComponentName(Name = "norm2")] private readonly LayerNormLayer _norm2;
    [ComponentName(Name = "attn2")] private readonly CrossAttention _crossAttention;
    [ComponentName(Name = "norm3")] private readonly LayerNormLayer _norm3;
    [ComponentName(Name = "ff")] private readonly FeedForward _feedForward;
    private readonly bool _onlyCrossAttention;

    public BasicTransformerBlock(LayerFactory layers, long channels, TransformerOptions options)
        : base(NativeModule.Create(nameof(BasicTransformerBlock)), 0)
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

    /// <summary>Whether the first attention looks at the image, and not at the text.</summary>
    public bool HasSelfAttention => !_onlyCrossAttention;

    /// <param name="hidden">[batch, positions, width].</param>
    /// <param name="context">The text.</param>
    public override Tensor forward(Tensor hidden, TextContext context)
    {
        using DisposeScope scope = NewDisposeScope();
        bool perturbed = context.Perturbed?.Contains(this) ?? false;
        Tensor before = hidden;
        hidden = _norm1.call(before).Into(x => perturbed
            ? _selfAttention.IdentityAttention(x).Into(y => before.Add(y))
            : _selfAttention.AddTo(before, x, _onlyCrossAttention ? context : null));
        hidden = hidden.Into(x => _norm2.call(x).Into(y => _crossAttention.AddTo(x, y, context)));
        hidden = hidden.Into(x => _norm3.call(x).Into(y => _feedForward.AddTo(x, y)));
        return hidden.MoveToOuterDisposeScope();
    }
}
