using TorchSharp;
using static TorchSharp.torch;

namespace LatentDiffusion.Networks;

/// <summary>
/// Five convolutions, each of which reads the block's input and the outputs of all convolutions before it (Zhang et al. 2018), with a
/// scaled shortcut (Wang et al. 2018, section 3.1).
/// </summary>
internal sealed class ResidualDenseBlock : nn.Module<Tensor, Tensor>
{
    /// <summary>Slope of the activations for negative values.</summary>
    public const double NegativeSlope = 0.2;

    /// <summary>Factor of residuals before they are added to the shortcut.</summary>
    public const double ResidualScale = 0.2;

    [ComponentName(Name = "conv1")] private readonly Conv2dLayer _conv1;
    [ComponentName(Name = "conv2")] private readonly Conv2dLayer _conv2;
    [ComponentName(Name = "conv3")] private readonly Conv2dLayer _conv3;
    [ComponentName(Name = "conv4")] private readonly Conv2dLayer _conv4;
    [ComponentName(Name = "conv5")] private readonly Conv2dLayer _conv5;

    public ResidualDenseBlock(LayerFactory layers, long features, long growth)
        : base(NativeModule.Create(nameof(ResidualDenseBlock)), 0)
    {
        _conv1 = Growing(0);
        _conv2 = Growing(1);
        _conv3 = Growing(2);
        _conv4 = Growing(3);
        _conv5 = layers.Conv2d(features + 4 * growth, features, 3, padding: 1);
        RegisterComponents();

        Conv2dLayer Growing(int earlier) => layers.Conv2d(features + earlier * growth, growth, 3, padding: 1);
    }

    /// <param name="input">[batch, features, height, width].</param>
    public override Tensor forward(Tensor input)
    {
        using DisposeScope scope = NewDisposeScope();
        Tensor all = input.alias();
        foreach (Conv2dLayer layer in (ReadOnlySpan<Conv2dLayer>)[_conv1, _conv2, _conv3, _conv4])
        {
            using Tensor grown = layer.ConvolveLeaky(all, NegativeSlope);
            all = all.Into(x => cat([x, grown], 1));
        }

        return all.Into(_conv5.call).Into(residual => input.Add(residual, ResidualScale)).MoveToOuterDisposeScope();
    }
}
