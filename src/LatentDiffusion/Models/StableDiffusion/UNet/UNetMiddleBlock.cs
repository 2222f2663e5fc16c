using TorchSharp;
using static TorchSharp.torch;

namespace LatentDiffusion.Models;

/// <summary>
/// The lowest resolution: a residual block, and where there is attention a spatial transformer and a second residual block.
/// </summary>
internal sealed class UNetMiddleBlock : LayerGroup
{
    [ComponentName(Name = "attentions")] private readonly LayerList<nn.Module>? _attentions;
    [ComponentName(Name = "resnets")] private readonly LayerList<ResnetBlock2D> _resnets = [];

    public UNetMiddleBlock(UNetBlockShape shape, int channels) : base(nameof(UNetMiddleBlock))
    {
        _resnets.Add(shape.Resnet(channels, channels));
        if (shape.Attention(channels, 0) is { } attention)
        {
            _attentions = [attention];
            _resnets.Add(shape.Resnet(channels, channels));
        }

        RegisterComponents();
    }

    public Tensor forward(Tensor hidden, TimeContext time, TextContext context)
    {
        using DisposeScope scope = NewDisposeScope();
        hidden = _resnets[0].call(hidden, time);
        if (_attentions is not null) hidden = _resnets[1].call(UNetBlockShape.Attend(_attentions, 0, hidden, context), time);
        return hidden.MoveToOuterDisposeScope();
    }
}
