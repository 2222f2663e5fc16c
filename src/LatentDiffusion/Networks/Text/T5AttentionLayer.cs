using static TorchSharp.torch;

namespace LatentDiffusion.Networks;

/// <summary>Normalised self-attention, added to its input.</summary>
internal sealed class T5AttentionLayer : LayerGroup
{
    [ComponentName(Name = "SelfAttention")] private readonly T5SelfAttention _attention;
    [ComponentName(Name = "layer_norm")] private readonly RmsNormLayer _norm;

    public T5AttentionLayer(T5Config config, LayerFactory layers, bool hasPositions) : base(nameof(T5AttentionLayer))
    {
        _attention = new T5SelfAttention(config, layers, hasPositions);
        _norm = layers.RmsNorm(config.DModel, config.LayerNormEpsilon);
        RegisterComponents();
    }

    public T5SelfAttention SelfAttention => _attention;

    /// <param name="hidden">[batch, tokens, width].</param>
    /// <param name="bias">Added to the logits.</param>
    public Tensor AddTo(Tensor hidden, Tensor bias) => _norm.call(hidden).Into(x => _attention.AddTo(hidden, x, bias));
}
