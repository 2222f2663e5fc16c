using TorchSharp.Modules;
using static TorchSharp.torch;

namespace LatentDiffusion.Networks;

/// <summary>Normalises each vector to mean 0 and variance 1, then scales and shifts each channel (Ba et al. 2016).</summary>
internal sealed class LayerNormLayer : nn.Module<Tensor, Tensor>
{
    [ComponentName(Name = "weight")] private readonly Parameter _weight;
    [ComponentName(Name = "bias")] private readonly Parameter _bias;
    private readonly long[] _shape;

    /// <param name="weight">[channels]; owned by the layer.</param>
    /// <param name="bias">[channels]; owned by the layer.</param>
    /// <param name="eps">Added to the variance.</param>
    public LayerNormLayer(Parameter weight, Parameter bias, double eps) : base(NativeModule.Create(nameof(LayerNormLayer)), 0)
    {
        (_weight, _bias, _shape, Eps) = (weight, bias, weight.shape, eps);
        RegisterComponents();
    }

    public Tensor Weight => _weight;

    public Tensor Bias => _bias;

    public double Eps { get; }

    /// <inheritdoc cref="PackedLayer.HasHooks"/>
    public bool HasHooks => pre_hooks.Count > 0 || post_hooks.Count > 0;

    /// <param name="input">[…, channels].</param>
    public override Tensor forward(Tensor input) => nn.functional.layer_norm(input, _shape, _weight, _bias, Eps);
}
