using TorchSharp;
using static TorchSharp.torch;

namespace LatentDiffusion.Networks;

/// <summary>
/// Self-attention with normalised queries and keys (Henry et al. 2020; not in Mistral), rotary positions (Su et al. 2021), and heads of
/// keys and values that several heads of queries share (Ainslie et al. 2023).
/// </summary>
internal sealed class Qwen3Attention : LayerGroup
{
    [ComponentName(Name = "q_proj")] private readonly LinearLayer _query;
    [ComponentName(Name = "k_proj")] private readonly LinearLayer _key;
    [ComponentName(Name = "v_proj")] private readonly LinearLayer _value;
    [ComponentName(Name = "o_proj")] private readonly LinearLayer _out;
    [ComponentName(Name = "q_norm")] private readonly RmsNormLayer? _queryNorm;
    [ComponentName(Name = "k_norm")] private readonly RmsNormLayer? _keyNorm;
    private readonly int _heads, _sharedHeads, _width;

    public Qwen3Attention(Qwen3Config config, LayerFactory layers) : base(nameof(Qwen3Attention))
    {
        (_heads, _sharedHeads, _width) = (config.NumAttentionHeads, config.NumKeyValueHeads, config.HeadDim);
        long own = (long)_heads * _width, shared = (long)_sharedHeads * _width;
        _query = layers.Linear(config.HiddenSize, own, config.AttentionBias);
        _key = layers.Linear(config.HiddenSize, shared, config.AttentionBias);
        _value = layers.Linear(config.HiddenSize, shared, config.AttentionBias);
        _out = layers.Linear(own, config.HiddenSize, config.AttentionBias);
        if (config.NormalizesQueriesAndKeys)
        {
            _queryNorm = layers.RmsNorm(_width, config.RmsNormEps);
            _keyNorm = layers.RmsNorm(_width, config.RmsNormEps);
        }

        RegisterComponents();
    }

    /// <param name="residual">What the result is added to, [batch, tokens, width].</param>
    /// <param name="input">[batch, tokens, width].</param>
    /// <param name="cosine">Of the rotary positions, [tokens, head width / 2].</param>
    /// <param name="sine">Of the same.</param>
    /// <param name="bias">Added to the logits, [1 or batch, 1, tokens, tokens].</param>
    public Tensor AddTo(Tensor residual, Tensor input, Tensor cosine, Tensor sine, Tensor bias)
    {
        using DisposeScope scope = NewDisposeScope();
        Tensor query = RotaryHalves.Rotate(Normalize(_queryNorm, Split(_query.call(input), _heads)), cosine, sine);
        Tensor key = RotaryHalves.Rotate(Normalize(_keyNorm, Split(_key.call(input), _sharedHeads)), cosine, sine);
        Tensor value = Split(_value.call(input), _sharedHeads);
        Tensor attended = AttentionHeads.Attend(
            query.flatten(2), Repeat(key).flatten(2), Repeat(value).flatten(2), _heads, bias);
        return _out.AddTo(residual, attended).MoveToOuterDisposeScope();
    }

    private static Tensor Normalize(RmsNormLayer? norm, Tensor x) => norm is null ? x : norm.call(x);

    /// <returns>[batch, tokens, heads, width].</returns>
    private static Tensor Split(Tensor x, int heads) => x.view(x.shape[0], x.shape[1], heads, -1);

    /// <summary>Each shared head as often as heads of queries share it, one after the other.</summary>
    private Tensor Repeat(Tensor x) => _sharedHeads == _heads ? x : x
        .unsqueeze(3).expand(-1, -1, -1, _heads / _sharedHeads, -1).reshape(x.shape[0], x.shape[1], _heads, _width);
}
