using static TorchSharp.torch;

namespace LatentDiffusion.Networks;

/// <summary>Halves height and width with a convolution of stride 2.</summary>
/// <remarks>With padding 0 the image is padded below and on the right only, as the published autoencoders do.</remarks>
internal sealed class Downsample2D : nn.Module<Tensor, Tensor>
{
    [ComponentName(Name = "conv")] private readonly Conv2dLayer _conv;
    private readonly bool _asymmetric;

    public Downsample2D(LayerFactory layers, long channels, int padding = 1) : base(NativeModule.Create(nameof(Downsample2D)), 0)
    {
        _asymmetric = padding == 0;
        _conv = layers.Conv2d(channels, channels, 3, stride: 2, padding);
        RegisterComponents();
    }

    public override Tensor forward(Tensor input) =>
        _asymmetric ? nn.functional.pad(input, [0, 1, 0, 1]).Into(_conv.call) : _conv.call(input);
}
