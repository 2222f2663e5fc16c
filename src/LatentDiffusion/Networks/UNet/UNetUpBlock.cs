using TorchSharp;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace LatentDiffusion;

/// <summary>One resolution on the way up: each residual block sees the way down's features beside its own, then doubling.</summary>
internal sealed class UNetUpBlock : nn.Module
{
    [ComponentName(Name = "attentions")] private readonly ModuleList<Transformer2DModel>? _attentions;
    [ComponentName(Name = "resnets")] private readonly ModuleList<ResnetBlock2D> _resnets = [];
    [ComponentName(Name = "upsamplers")] private readonly ModuleList<Upsample2D>? _upsamplers;

    /// <param name="shape">What the block shares with others.</param>
    /// <param name="previousChannels">Channels that come from below.</param>
    /// <param name="outChannels">Channels of this resolution.</param>
    /// <param name="skipChannels">Channels of the next higher resolution, which its first skip connection has.</param>
    /// <param name="layers">Number of residual blocks.</param>
    /// <param name="grow">Whether the size doubles at the end.</param>
    public UNetUpBlock(UNetBlockShape shape, int previousChannels, int outChannels, int skipChannels, int layers, bool grow) : base(nameof(UNetUpBlock))
    {
        if (shape.TransformerLayers > 0) _attentions = [];
        for (int i = 0; i < layers; i++)
        {
            int own = i == 0 ? previousChannels : outChannels, skip = i == layers - 1 ? skipChannels : outChannels;
            _resnets.Add(shape.Resnet(own + skip, outChannels));
            _attentions?.Add(shape.Transformer(outChannels));
        }

        if (grow) _upsamplers = [new Upsample2D(outChannels)];
        RegisterComponents();
    }

    public Tensor forward(Tensor hidden, Tensor time, Tensor context, Tensor? contextBias, Stack<Tensor> skips)
    {
        using DisposeScope scope = NewDisposeScope();
        for (int i = 0; i < _resnets.Count; i++)
        {
            hidden = _resnets[i].call(cat([hidden, skips.Pop()], 1), time);
            if (_attentions is not null) hidden = _attentions[i].call(hidden, context, contextBias);
        }

        // To the size of the next skip connection rather than twice its own: sizes need not be powers of two.
        if (_upsamplers is not null) hidden = _upsamplers[0].forward(hidden, skips.Peek().shape[2], skips.Peek().shape[3]);
        return hidden.MoveToOuterDisposeScope();
    }
}
