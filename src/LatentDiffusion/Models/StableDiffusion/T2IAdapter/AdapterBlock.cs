using TorchSharp;
using static TorchSharp.torch;

namespace LatentDiffusion.Models;

/// <summary>The layers of a T2I-Adapter that make one feature map: halving, a change of channels, and residual blocks.</summary>
internal sealed class AdapterBlock : nn.Module<Tensor, Tensor>
{
    private readonly bool _halves;
    [ComponentName(Name = "in_conv")] private readonly Conv2dLayer? _inConv;
    [ComponentName(Name = "resnets")] private readonly LayerList<AdapterResnet> _resnets = [];
    [ComponentName(Name = "out_conv")] private readonly Conv2dLayer? _outConv;

    private AdapterBlock(bool halves, Conv2dLayer? inConv, IEnumerable<AdapterResnet> resnets, Conv2dLayer? outConv)
        : base(NativeModule.Create(nameof(AdapterBlock)), 0)
    {
        (_halves, _inConv, _outConv) = (halves, inConv, outConv);
        foreach (AdapterResnet resnet in resnets) _resnets.Add(resnet);
        RegisterComponents();
    }

    /// <summary>A block of a full adapter, whose residual blocks have all channels and end in a 1×1 convolution.</summary>
    public static AdapterBlock Wide(LayerFactory layers, int inChannels, int outChannels, int resnets, bool halves) => new(
        halves, inChannels == outChannels ? null : layers.Conv2d(inChannels, outChannels, 1),
        Enumerable.Range(0, resnets).Select(_ => new AdapterResnet(layers, outChannels, lastKernel: 1)), outConv: null);

    /// <summary>A block of a light adapter, whose residual blocks have a quarter of the channels.</summary>
    public static AdapterBlock Narrow(LayerFactory layers, int inChannels, int outChannels, int resnets, bool halves)
    {
        int middle = outChannels / 4;
        return new AdapterBlock(
            halves, layers.Conv2d(inChannels, middle, 1),
            Enumerable.Range(0, resnets).Select(_ => new AdapterResnet(layers, middle, lastKernel: 3)),
            layers.Conv2d(middle, outChannels, 1));
    }

    public override Tensor forward(Tensor input)
    {
        using DisposeScope scope = NewDisposeScope();
        // Odd sizes are rounded up, as the U-Net's convolutions do.
        Tensor hidden = _halves ? nn.functional.avg_pool2d(input, [2, 2], [2, 2], ceil_mode: true) : input.alias();
        if (_inConv is not null) hidden = hidden.Into(_inConv.call);
        foreach (AdapterResnet resnet in _resnets) hidden = hidden.Into(resnet.call);
        if (_outConv is not null) hidden = hidden.Into(_outConv.call);
        return hidden.MoveToOuterDisposeScope();
    }
}
