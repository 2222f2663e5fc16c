using TorchSharp;
using static TorchSharp.torch;

namespace LatentDiffusion.Models;

/// <summary>A residual block of a T2I-Adapter: two convolutions with ReLU between them, without normalisation.</summary>
internal sealed class AdapterResnet : nn.Module<Tensor, Tensor>
{
    [ComponentName(Name = "block1")] private readonly Conv2dLayer _first;
    [ComponentName(Name = "block2")] private readonly Conv2dLayer _second;

    /// <param name="layers">Makes the layers.</param>
    /// <param name="channels">Channels of input and output.</param>
    /// <param name="lastKernel">Side of the second convolution's kernel: 1 or 3.</param>
    public AdapterResnet(LayerFactory layers, int channels, int lastKernel) : base(NativeModule.Create(nameof(AdapterResnet)), 0)
    {
        _first = layers.Conv2d(channels, channels, 3, padding: 1);
        _second = layers.Conv2d(channels, channels, lastKernel, padding: lastKernel / 2);
        RegisterComponents();
    }

    public override Tensor forward(Tensor input)
    {
        using DisposeScope scope = NewDisposeScope();
        return _first.call(input).Into(Activations.Relu).Into(x => _second.AddTo(() => input, x)).MoveToOuterDisposeScope();
    }
}
