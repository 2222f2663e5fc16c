using TorchSharp;
using static TorchSharp.torch;

namespace LatentDiffusion.Networks;

/// <summary>
/// Attention of the latents to a context, or to themselves where none is given: Q from the latents, K and V from the
/// context (Rombach et al. 2022, section 3.3).
/// </summary>
internal sealed class CrossAttention : nn.Module<Tensor, TextContext?, Tensor>
{
    [ComponentName(Name = "to_q")] private readonly LinearLayer _query;
    [ComponentName(Name = "to_k")] private readonly LinearLayer _key;
    [ComponentName(Name = "to_v")] private readonly LinearLayer _value;
    [ComponentName(Name = "to_out")] private readonly LayerList<nn.Module<Tensor, Tensor>> _out;
    private readonly TransformerOptions _options;

    /// <param name="layers">Makes the layers.</param>
    /// <param name="channels">Width of the latents.</param>
    /// <param name="contextChannels">Width of the context; null for self-attention.</param>
    /// <param name="options">Heads and precision.</param>
    public CrossAttention(LayerFactory layers, long channels, long? contextChannels, TransformerOptions options)
        : base(NativeModule.Create(nameof(CrossAttention)), 0)
    {
        _options = options;
        long inner = channels, context = contextChannels ?? channels;
        _query = layers.Linear(channels, inner, bias: false);
        _key = layers.Linear(context, inner, bias: false);
        _value = layers.Linear(context, inner, bias: false);
        _out = new LayerList<nn.Module<Tensor, Tensor>>(layers.Linear(inner, channels));
        RegisterComponents();
    }

    /// <param name="input">[batch, positions, width].</param>
    /// <param name="context">The text; null for self-attention.</param>
    public override Tensor forward(Tensor input, TextContext? context) => Attended(input, context).Into(_out[0].call);

    /// <summary>A tensor plus the attention of another.</summary>
    public Tensor AddTo(Tensor residual, Tensor input, TextContext? context) =>
        Attended(input, context).Into(x => ((LinearLayer)_out[0]).AddTo(residual, x));

    private Tensor Attended(Tensor input, TextContext? context)
    {
        using DisposeScope scope = NewDisposeScope();
        Tensor query = _query.call(input);
        (Tensor key, Tensor value) = context switch
        {
            null => KeyAndValue(input),
            { Cached: { } cached } => cached.Of(this, () => KeyAndValue(context.Text)),
            _ => KeyAndValue(context.Text),
        };
        return AttentionHeads.Attend(query, key, value, _options.Heads, context?.Bias, upcast: _options.Upcast ? true : null)
            .MoveToOuterDisposeScope();
    }

    /// <summary>Self-attention whose map is the identity (Ahn et al. 2024, equation 12): each position's own value.</summary>
    /// <param name="input">[batch, positions, width].</param>
    public Tensor IdentityAttention(Tensor input) => _value.call(input).Into(_out[0].call);

    private (Tensor Key, Tensor Value) KeyAndValue(Tensor context) => (_key.call(context), _value.call(context));
}
