using TorchSharp;
using static TorchSharp.torch;

namespace LatentDiffusion.Networks;

/// <summary>A normalisation that the latents scale and shift pixel by pixel (Zheng et al. 2022, "MoVQ", section 3.2).</summary>
internal sealed class SpatialNorm : nn.Module<Tensor, NormalizationContext, Tensor>
{
    // The published network has no option for these two.
    private const int Groups = 32;
    private const double Eps = 1e-6;

    [ComponentName(Name = "norm_layer")] private readonly GroupNormLayer _norm;
    [ComponentName(Name = "conv_y")] private readonly Conv2dLayer _scale;
    [ComponentName(Name = "conv_b")] private readonly Conv2dLayer _shift;

    public SpatialNorm(LayerFactory layers, long channels, long latentChannels) : base(NativeModule.Create(nameof(SpatialNorm)), 0)
    {
        _norm = layers.GroupNorm(Groups, channels, Eps);
        _scale = layers.Conv2d(latentChannels, channels, 1);
        _shift = layers.Conv2d(latentChannels, channels, 1);
        RegisterComponents();
    }

    /// <param name="input">[batch, channels, height, width].</param>
    /// <param name="inputs">With latents, [batch, latent channels, any height, any width].</param>
    public override Tensor forward(Tensor input, NormalizationContext inputs)
    {
        using DisposeScope scope = NewDisposeScope();
        Tensor spread = nn.functional.interpolate(inputs.Latents!, [input.shape[2], input.shape[3]], mode: InterpolationMode.Nearest);
        return (GlobalNormStatistics.Normalize(_norm, input, inputs.Statistics) * _scale.call(spread))
            .Add(_shift.call(spread))
            .MoveToOuterDisposeScope();
    }
}
