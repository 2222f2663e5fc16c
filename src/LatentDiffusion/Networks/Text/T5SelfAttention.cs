using TorchSharp;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace LatentDiffusion.Networks;

/// <summary>
/// Self-attention with a learned number for each distance (Raffel et al. 2020, section 2.1). The logits are not divided by √d.
/// </summary>
internal sealed class T5SelfAttention : LayerGroup
{
    [ComponentName(Name = "q")] private readonly LinearLayer _query;
    [ComponentName(Name = "k")] private readonly LinearLayer _key;
    [ComponentName(Name = "v")] private readonly LinearLayer _value;
    [ComponentName(Name = "o")] private readonly LinearLayer _out;
    [ComponentName(Name = "relative_attention_bias")] private readonly Embedding? _distances;
    private readonly T5Config _config;

    public T5SelfAttention(T5Config config, LayerFactory layers, bool hasPositions) : base(nameof(T5SelfAttention))
    {
        _config = config;
        long inner = (long)config.NumHeads * config.DKv;
        _query = layers.Linear(config.DModel, inner, bias: false);
        _key = layers.Linear(config.DModel, inner, bias: false);
        _value = layers.Linear(config.DModel, inner, bias: false);
        _out = layers.Linear(inner, config.DModel, bias: false);
        if (hasPositions) _distances = layers.Embedding(config.RelativeAttentionNumBuckets, config.NumHeads);
        RegisterComponents();
    }

    /// <summary>What the distances between tokens add to the logits, [1, heads, tokens, tokens].</summary>
    public Tensor PositionBias(long tokens)
    {
        if (_distances is null) throw new InvalidOperationException("Only the first block has a table of distances.");
        using DisposeScope scope = NewDisposeScope();
        long[] buckets = RelativePositions.Buckets(
            (int)tokens, _config.RelativeAttentionNumBuckets, _config.RelativeAttentionMaxDistance);
        Tensor index = tensor(buckets, [tokens, tokens], device: _distances.weight!.device);
        return _distances.call(index).permute(2, 0, 1).unsqueeze(0).contiguous().MoveToOuterDisposeScope();
    }

    /// <param name="residual">What the result is added to, [batch, tokens, width].</param>
    /// <param name="input">[batch, tokens, width].</param>
    /// <param name="bias">Added to the logits, [1 or batch, heads, tokens, tokens].</param>
    public Tensor AddTo(Tensor residual, Tensor input, Tensor bias)
    {
        using DisposeScope scope = NewDisposeScope();
        // The attention divides by √d.
        Tensor query = _query.call(input).Multiply(Math.Sqrt(_config.DKv));
        Tensor attended = AttentionHeads.Attend(query, _key.call(input), _value.call(input), _config.NumHeads, bias);
        return _out.AddTo(residual, attended).MoveToOuterDisposeScope();
    }
}
