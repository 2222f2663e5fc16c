using TorchSharp;
using static TorchSharp.torch;

namespace LatentDiffusion.Networks;

/// <summary>Self-attention, cross-attention to the text and a gated feed-forward, each normalised before and added to its input.</summary>
internal sealed class BasicTransformerBlock : nn.Module<Tensor, TextContext, Tensor>
{
    /// <summary>Published name of the attention to the text.</summary>
    public const string CrossAttentionName = "attn2";

    [ComponentName(Name = "norm1")] private readonly LayerNormLayer _norm1;
    [ComponentName(Name = "attn1")] private readonly CrossAttention _selfAttention;
    [ComponentName(Name = "norm2")] private readonly LayerNormLayer _norm2;
    [ComponentName(Name = CrossAttentionName)] private readonly CrossAttention _crossAttention;
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

    /// <summary>The first attention; null where it looks at the text, and not at the image.</summary>
    public CrossAttention? SelfAttention => _onlyCrossAttention ? null : _selfAttention;

    /// <summary>The attention to the text.</summary>
    public CrossAttention CrossAttention => _crossAttention;

    /// <param name="hidden">[batch, positions, width].</param>
    /// <param name="context">The text.</param>
    public override Tensor forward(Tensor hidden, TextContext context)
    {
        using DisposeScope scope = NewDisposeScope();
        if (_onlyCrossAttention) hidden = context.Repeated(hidden);
        hidden = _selfAttention.AddTo(hidden, _norm1, context);
        hidden = context.Repeated(hidden);
        hidden = hidden.Into(x => _crossAttention.AddTo(x, _norm2, context));
        hidden = hidden.Into(x => _feedForward.AddTo(x, _norm3));
        return hidden.MoveToOuterDisposeScope();
    }
}
