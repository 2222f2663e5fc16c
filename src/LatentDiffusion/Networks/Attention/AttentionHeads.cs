using TorchSharp;
using static TorchSharp.torch;

namespace LatentDiffusion.Networks;

/// <summary>softmax(QKᵀ/√d)V over several heads at once (Vaswani et al. 2017, equation 1).</summary>
internal static class AttentionHeads
{
    /// <param name="query">[batch, positions, heads·width].</param>
    /// <param name="key">[batch, tokens, heads·width].</param>
    /// <param name="value">[batch, tokens, heads·width].</param>
    /// <param name="heads">Number of heads.</param>
    /// <param name="bias">Added to the logits, broadcast over [batch, heads, positions, tokens]; null for none.</param>
    /// <param name="causal">Whether a position attends only to itself and those before it. Not together with a bias.</param>
    /// <param name="upcast">Whether to compute in float32 whatever the type of the inputs; null for half precision on the CPU only.</param>
    /// <returns>[batch, positions, heads·width].</returns>
    public static Tensor Attend(
        Tensor query, Tensor key, Tensor value, int heads, Tensor? bias = null, bool causal = false, bool? upcast = null)
    {
        using var scope = NewDisposeScope();
        ScalarType type = query.dtype;
        // On CPU the attention of half precision is several times slower than that of float32, and less exact.
        bool wide = upcast ?? query.device_type == DeviceType.CPU && type is ScalarType.BFloat16 or ScalarType.Float16;
        Tensor attended = nn.functional.scaled_dot_product_attention(
            Split(query), Split(key), Split(value), wide ? bias?.to(ScalarType.Float32) : bias, is_casual: causal);
        return attended.transpose(1, 2).reshape(query.shape[0], query.shape[1], -1).to(type).MoveToOuterDisposeScope();

        Tensor Split(Tensor x) => (wide ? x.to(ScalarType.Float32) : x).view(x.shape[0], x.shape[1], heads, -1).transpose(1, 2);
    }
}
