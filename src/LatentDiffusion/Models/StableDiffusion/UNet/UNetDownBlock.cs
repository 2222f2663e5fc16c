using static TorchSharp.torch;

namespace LatentDiffusion.Models;

/// <summary>One resolution on the way down: residual blocks, each followed by attention where there is any, then halving.</summary>
internal sealed class UNetDownBlock : LayerGroup
{
    private readonly bool _hasCrossAttention;
    [ComponentName(Name = "attentions")] private readonly LayerList<nn.Module>? _attentions;
    [ComponentName(Name = "resnets")] private readonly LayerList<ResnetBlock2D> _resnets = [];
    [ComponentName(Name = "downsamplers")] private readonly LayerList<nn.Module>? _downsamplers;

    /// <param name="shape">Layers of the block.</param>
    /// <param name="inChannels">Channels that come from above.</param>
    /// <param name="outChannels">Channels of this resolution.</param>
    /// <param name="layers">Number of residual blocks.</param>
    /// <param name="downsamplePadding">Padding of the convolution that halves the size; null for a block that does not.</param>
    public UNetDownBlock(UNetBlockShape shape, int inChannels, int outChannels, int layers, int? downsamplePadding)
        : base(nameof(UNetDownBlock))
    {
        _hasCrossAttention = shape.Transformers is not null;
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
    /// <param name="residual">
    /// Of a T2I-Adapter: added before halving in a block with cross-attention, and after it in others, also to the skip connection from
    /// there. Null for none.
    /// </param>
    public Tensor forward(
        Tensor hidden, TimeContext time, TextContext context, Stack<Tensor> skips, bool halve = true, Tensor? residual = null)
    {
        for (int i = 0; i < _resnets.Count; i++)
        {
            hidden = UNetBlockShape.Attend(_attentions, i, _resnets[i].call(hidden, time), context);
            skips.Push(hidden);
        }

        if (_hasCrossAttention) hidden = AddToLast(skips, residual);
        if (_downsamplers is null || !halve) return _hasCrossAttention ? hidden : AddToLast(skips, residual);
        hidden = _downsamplers[0] is ResnetBlock2D resnet ? resnet.call(hidden, time) : ((Downsample2D)_downsamplers[0]).call(hidden);
        skips.Push(hidden);
        return _hasCrossAttention ? hidden : AddToLast(skips, residual);
    }

    /// <summary>The last output plus a residual, which replaces it in the skip connection too.</summary>
    private static Tensor AddToLast(Stack<Tensor> skips, Tensor? residual)
    {
        if (residual is not null) skips.Push(skips.Pop().Into(x => x.Add(residual)));
        return skips.Peek();
    }
}
