using static TorchSharp.torch;

namespace LatentDiffusion.Networks;

/// <summary>Doubles height and width by repeating pixels (or brings them to a given size), then convolves.</summary>
internal sealed class Upsample2D : nn.Module<Tensor, Tensor>
{
    [ComponentName(Name = "conv")] private readonly Conv2dLayer _conv;

    public Upsample2D(LayerFactory layers, long channels) : base(NativeModule.Create(nameof(Upsample2D)), 0)
    {
        _conv = layers.DoublingConv2d(channels);
        RegisterComponents();
    }

    public override Tensor forward(Tensor input) => forward(input, input.shape[2] * 2, input.shape[3] * 2);

    public Tensor forward(Tensor input, long height, long width) => height == 2 * input.shape[2] && width == 2 * input.shape[3]
        ? _conv.ConvolveDoubled(input)
        : nn.functional.interpolate(input, [height, width], mode: InterpolationMode.Nearest).Into(_conv.call);
}
