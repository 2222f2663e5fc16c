using TorchSharp;
using static TorchSharp.torch;

namespace LatentDiffusion.Models;

/// <summary>
/// Convolutions that bring the control image to the size and channels of the latents' features (Zhang et al. 2023, section 3.2).
/// </summary>
internal sealed class ControlImageEmbedding : nn.Module<Tensor, Tensor>
{
    [ComponentName(Name = "conv_in")] private readonly Conv2dLayer _convIn;
    [ComponentName(Name = "blocks")] private readonly LayerList<Conv2dLayer> _blocks = [];
    [ComponentName(Name = "conv_out")] private readonly Conv2dLayer _convOut;

    public ControlImageEmbedding(LayerFactory layers, int inChannels, IReadOnlyList<int> channels, int outChannels)
        : base(NativeModule.Create(nameof(ControlImageEmbedding)), 0)
    {
        _convIn = layers.Conv2d(inChannels, channels[0], 3, padding: 1);
        for (int i = 0; i < channels.Count - 1; i++)
        {
            _blocks.Add(layers.Conv2d(channels[i], channels[i], 3, padding: 1));
            _blocks.Add(layers.Conv2d(channels[i], channels[i + 1], 3, stride: 2, padding: 1));
        }

        _convOut = layers.ZeroConv2d(channels[^1], outChannels, 3, padding: 1);
        RegisterComponents();
    }

    public override Tensor forward(Tensor hint)
    {
        using DisposeScope scope = NewDisposeScope();
        Tensor hidden = _convIn.call(hint).Into(Activations.Silu);
        foreach (Conv2dLayer block in _blocks) hidden = hidden.Into(block.call).Into(Activations.Silu);
        return hidden.Into(_convOut.call).MoveToOuterDisposeScope();
    }
}
