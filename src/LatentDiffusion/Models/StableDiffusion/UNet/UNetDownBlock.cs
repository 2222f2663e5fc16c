using static TorchSharp.torch;

namespace LatentDiffusion.Models;

/// <summary>One resolution on the way down: residual blocks, each followed by attention where there is any, then halving.</summary>
internal sealed class UNetDownBlock : LayerGroup
{
    [ComponentName(Name = "attentions")] private readonly LayerList<nn.Module>? _attentions;
    [ComponentName(Name = "resnets")] private readonly LayerList<ResnetBlock2D> _resnets = [];
    [ComponentName(Name = "downsamplers")] private readonly LayerList<nn.Module>? _downsamplers;

    /// <param name="shape">What the block consists of.</param>
    /// <param name="inChannels">Channels that come from above.</param>
    /// <param name="outChannels">Channels of this resolution.</param>
    /// <param name="layers">Number of residual blocks.</param>
    /// <param name="downsamplePadding">Padding of the convolution that halves the size; null for a block that does not.</param>
    public UNetDownBlock(UNetBlockShape shape, int inChannels, int outChannels, int layers, int? downsamplePadding)
        : base(nameof(UNetDownBlock))
    {
        for (int i = 0; i < layers; i++)
        {
            _resnets.Add(shape.Resnet(i == 0 ? inChannels : outChannels, outChannels));
            if (shape.Attention(outChannels, i) is { } attention) (_attentions ??= []).Add(attention);
        }

        if (downsamplePadding is { } padding)
        {
            _downsamplers =
            [
                shape.ResamplesInResnet
                    ? shape.Resnet(outChannels, outChannels, Resampling.Halve)
                    : new Downsample2D(shape.Layers, outChannels, padding),
            ];
        }
        RegisterComponents();
    }

    /// <summary>Runs the block.</summary>
    /// <param name="hidden">[batch, channels, height, width].</param>
    /// <param name="time">The time embedding.</param>
    /// <param name="context">The text.</param>
    /// <param name="skips">Takes the output of each layer, for the way up.</param>
    /// <param name="halve">Whether the size is halved where the block does; not above resolutions that are not computed.</param>
    public Tensor forward(Tensor hidden, Tensor time, TextContext context, Stack<Tensor> skips, bool halve = true)
    {
        for (int i = 0; i < _resnets.Count; i++)
        {
            hidden = UNetBlockShape.Attend(_attentions, i, _resnets[i].call(hidden, time), context);
            skips.Push(hidden);
        }

        if (_downsamplers is null || !halve) return hidden;
        hidden = _downsamplers[0] is ResnetBlock2D resnet ? resnet.call(hidden, time) : ((Downsample2D)_downsamplers[0]).call(hidden);
        skips.Push(hidden);
        return hidden;
    }
}
