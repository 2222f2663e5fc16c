using TorchSharp;
using static TorchSharp.torch;

namespace LatentDiffusion.Networks;

/// <summary>
/// Attention of the latents to a text, or to themselves where the layer has no width of a text: Q from the latents, K and V from the
/// context (Rombach et al. 2022, section 3.3).
/// </summary>
internal sealed class CrossAttention : nn.Module<Tensor, TextContext, Tensor>
{
    [ComponentName(Name = "to_q")] private readonly LinearLayer _query;
    [ComponentName(Name = "to_k")] private readonly LinearLayer _key;
    [ComponentName(Name = "to_v")] private readonly LinearLayer _value;
    [ComponentName(Name = "to_out")] private readonly LayerList<nn.Module<Tensor, Tensor>> _out;
    private readonly TransformerOptions _options;
    private readonly bool _readsText;

    /// <param name="layers">Makes the layers.</param>
    /// <param name="channels">Width of the latents.</param>
    /// <param name="contextChannels">Width of the context; null for self-attention.</param>
    /// <param name="options">Heads and precision.</param>
    public CrossAttention(LayerFactory layers, long channels, long? contextChannels, TransformerOptions options)
        : base(NativeModule.Create(nameof(CrossAttention)), 0)
    {
        (_options, _readsText) = (options, contextChannels is not null);
        long inner = channels, context = contextChannels ?? channels;
        Width = (int)inner;
        _query = layers.Linear(channels, inner, bias: false);
        _key = layers.Linear(context, inner, bias: false);
        _value = layers.Linear(context, inner, bias: false);
        _out = new LayerList<nn.Module<Tensor, Tensor>>(layers.Linear(inner, channels));
        RegisterComponents();
    }

    /// <summary>Width of its keys and values.</summary>
    public int Width { get; }

    /// <param name="input">[batch, positions, width].</param>
    /// <param name="context">The text, and what the evaluation changes.</param>
    public override Tensor forward(Tensor input, TextContext context) => Attended(input, context).Into(_out[0].call);

    /// <summary>A tensor plus the attention of its normalised values.</summary>
    /// <param name="hidden">[batch, positions, width].</param>
    /// <param name="norm">The normalisation.</param>
    /// <param name="context">The text, and what the evaluation changes.</param>
    public Tensor AddTo(Tensor hidden, LayerNormLayer norm, TextContext context)
    {
        if (IsFusable && !norm.HasHooks && context.EditOf(this) is null) return AddFused(hidden, norm, context);
        using Tensor input = norm.call(hidden);
        return HasHooks
            ? call(input, context).Into(x => hidden.Add(x))
            : Attended(input, context).Into(x => Output.AddTo(hidden, x));
    }

    private LinearLayer Output => (LinearLayer)_out[0];

    private bool HasHooks => pre_hooks.Count > 0 || post_hooks.Count > 0;

    private bool IsFusable => !HasHooks && _query.IsFusable && _key.IsFusable && _value.IsFusable && Output.IsFusable;

    private Tensor AddFused(Tensor hidden, LayerNormLayer norm, TextContext context)
    {
        using SharedTensors.Use query = _query.Pack(hidden), output = Output.Pack(hidden);
        if (!_readsText)
        {
            using SharedTensors.Use key = _key.Pack(hidden), value = _value.Pack(hidden);
            return CpuOperators.AddAttention(
                hidden, norm, query.Tensors[0], key.Tensors[0], value.Tensors[0], output.Tensors[0], Output.Bias!, _options.Heads);
        }

        using DisposeScope scope = NewDisposeScope();
        (Tensor keys, Tensor values) = TextKeyAndValue(context);
        return CpuOperators
            .AddCrossAttention(
                hidden, norm, query.Tensors[0], keys, values, context.Bias, output.Tensors[0], Output.Bias!, _options.Heads)
            .MoveToOuterDisposeScope();
    }

    private Tensor Attended(Tensor input, TextContext context)
    {
        LayerEdit? edit = context.EditOf(this);
        if (edit is { IsIdentity: true }) return _value.call(input);
        using DisposeScope scope = NewDisposeScope();
        Tensor query = _query.call(input);
        (Tensor key, Tensor value) = _readsText ? TextKeyAndValue(context) : KeyAndValue(input);
        Tensor attended = Attend(key, value, _readsText ? context.Bias : null);
        if (edit is not null) attended = edit.AddTo(attended, (k, v) => Attend(k, v, bias: null), query, context.Size);
        return attended.MoveToOuterDisposeScope();

        Tensor Attend(Tensor keys, Tensor values, Tensor? bias) =>
            // As in AddFused, so that hooks and edits do not change the bytes of what they leave.
            _query.IsPacked
                ? CpuOperators.Attend(query, keys, values, bias, _options.Heads)
                : AttentionHeads.Attend(query, keys, values, _options.Heads, bias, upcast: _options.Upcast ? true : null);
    }

    private (Tensor Key, Tensor Value) TextKeyAndValue(TextContext context) => context.Cached is { } cached
        ? cached.GetOrAdd(this, () => KeyAndValue(context.Text))
        : KeyAndValue(context.Text);

    private (Tensor Key, Tensor Value) KeyAndValue(Tensor context) => (_key.call(context), _value.call(context));
}
