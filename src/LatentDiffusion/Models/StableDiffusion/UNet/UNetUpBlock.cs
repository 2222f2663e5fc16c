using TorchSharp;
using static TorchSharp.torch;

namespace LatentDiffusion.Models;

/// <summary>
/// One resolution on the way up: each residual block reads the way down's features in addition to its own, then doubling.
/// </summary>
internal sealed class UNetUpBlock : LayerGroup
{
    [ComponentName(Name = "attentions")] private readonly LayerList<nn.Module>? _attentions;
    [ComponentName(Name = "resnets")] private readonly LayerList<ResnetBlock2D> _resnets = [];
    [ComponentName(Name = "upsamplers")] private readonly LayerList<nn.Module>? _upsamplers;

    /// <param name="shape">Layers of the block.</param>
    /// <param name="previousChannels">Channels that come from below.</param>
    /// <param name="outChannels">Channels of this resolution.</param>
    /// <param name="skipChannels">Channels of the next higher resolution, which its last skip connection has.</param>
    /// <param name="layers">Number of residual blocks.</param>
    /// <param name="grow">Whether the size doubles at the end.</param>
    public UNetUpBlock(UNetBlockShape shape, int previousChannels, int outChannels, int skipChannels, int layers, bool grow)
        : base(nameof(UNetUpBlock))
    {
        for (int i = 0; i < layers; i++)
        {
            int own = i == 0 ? previousChannels : outChannels, skip = i == layers - 1 ? skipChannels : outChannels;
            _resnets.Add(shape.Resnet(own + skip, outChannels));
            if (shape.Attention(outChannels, i) is { } attention) (_attentions ??= []).Add(attention);
        }

        if (grow)
        {
            _upsamplers =
            [
                shape.ResamplesInResnet
                    ? shape.Resnet(outChannels, outChannels, Resampling.Double)
                    : new Upsample2D(shape.Layers, outChannels),
            ];
        }
        RegisterComponents();
    }

    public Tensor forward(Tensor hidden, TimeContext time, TextContext context, Stack<Tensor> skips)
    {
        using DisposeScope scope = NewDisposeScope();
        for (int i = 0; i < _resnets.Count; i++)
        {
            using Tensor below = hidden, skip = skips.Pop();
            hidden = cat([below, skip], 1).Into(x => _resnets[i].call(x, time));
            hidden = UNetBlockShape.Attend(_attentions, i, hidden, context);
        }

        if (_upsamplers is null) return hidden.MoveToOuterDisposeScope();
        if (_upsamplers[0] is ResnetBlock2D resnet) return hidden.Into(x => resnet.call(x, time)).MoveToOuterDisposeScope();

        // To the size of the next skip connection rather than twice its own: sizes need not be powers of two.
        long[] size = skips.Peek().shape;
        return hidden.Into(x => ((Upsample2D)_upsamplers[0]).forward(x, size[2], size[3])).MoveToOuterDisposeScope();
    }
}
