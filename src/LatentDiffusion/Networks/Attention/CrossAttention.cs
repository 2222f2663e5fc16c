using TorchSharp;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace LatentDiffusion;

/// <summary>
/// Multi-head attention softmax(QKᵀ/√d)V: Q from the latents, K and V from the context, or from the latents themselves
/// where no context is given (Vaswani et al. 2017, equation 1; Rombach et al. 2022, section 3.3).
/// </summary>
internal sealed class CrossAttention : nn.Module<Tensor, Tensor?, Tensor?, Tensor>
{
    [ComponentName(Name = "group_norm")] private readonly GroupNorm? _norm;
    [ComponentName(Name = "to_q")] private readonly Linear _query;
    [ComponentName(Name = "to_k")] private readonly Linear _key;
    [ComponentName(Name = "to_v")] private readonly Linear _value;
    [ComponentName(Name = "to_out")] private readonly ModuleList<nn.Module<Tensor, Tensor>> _out;
    private readonly int _heads;

    /// <param name="queryChannels">Width of the latents.</param>
    /// <param name="contextChannels">Width of the context; null for self-attention.</param>
    /// <param name="heads">Number of heads.</param>
    /// <param name="headChannels">Width of a head.</param>
    /// <param name="bias">Whether Q, K and V have a bias.</param>
    /// <param name="normGroups">Groups of a normalisation over channels in front (autoencoders); null for none.</param>
    /// <param name="normEps">Its epsilon.</param>
    public CrossAttention(
        long queryChannels, long? contextChannels, int heads, int headChannels, bool bias = false, int? normGroups = null, double normEps = 1e-6)
        : base(nameof(CrossAttention))
    {
        _heads = heads;
        long inner = (long)heads * headChannels, context = contextChannels ?? queryChannels;
        if (normGroups is { } groups) _norm = Normalization.Group(groups, queryChannels, normEps);
        _query = nn.Linear(queryChannels, inner, hasBias: bias);
        _key = nn.Linear(context, inner, hasBias: bias);
        _value = nn.Linear(context, inner, hasBias: bias);
        _out = new ModuleList<nn.Module<Tensor, Tensor>>(nn.Linear(inner, queryChannels));
        RegisterComponents();
    }

    /// <param name="input">[batch, positions, width].</param>
    /// <param name="context">[batch, tokens, context width]; null for self-attention.</param>
    /// <param name="bias">Added to the logits, broadcast over [batch, heads, positions, tokens]; null for none.</param>
    public override Tensor forward(Tensor input, Tensor? context, Tensor? bias = null)
    {
        using DisposeScope scope = NewDisposeScope();
        if (_norm is not null) input = _norm.call(input.transpose(1, 2)).transpose(1, 2);
        context ??= input;
        Tensor attended = nn.functional.scaled_dot_product_attention(
            Heads(_query.call(input)), Heads(_key.call(context)), Heads(_value.call(context)), bias);
        Tensor joined = attended.transpose(1, 2).reshape(input.shape[0], input.shape[1], -1);
        return _out[0].call(joined).MoveToOuterDisposeScope();
    }

    private Tensor Heads(Tensor x) => x.view(x.shape[0], x.shape[1], _heads, -1).transpose(1, 2);
}
