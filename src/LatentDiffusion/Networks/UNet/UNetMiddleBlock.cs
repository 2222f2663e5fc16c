using TorchSharp;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace LatentDiffusion;

/// <summary>The lowest resolution: a residual block, a spatial transformer, a residual block.</summary>
internal sealed class UNetMiddleBlock : nn.Module
{
    [ComponentName(Name = "attentions")] private readonly ModuleList<Transformer2DModel> _attentions = [];
    [ComponentName(Name = "resnets")] private readonly ModuleList<ResnetBlock2D> _resnets = [];

    public UNetMiddleBlock(UNetBlockShape shape, int channels) : base(nameof(UNetMiddleBlock))
    {
        _resnets.Add(shape.Resnet(channels, channels));
        _attentions.Add(shape.Transformer(channels));
        _resnets.Add(shape.Resnet(channels, channels));
        RegisterComponents();
    }

    public Tensor forward(Tensor hidden, Tensor time, Tensor context, Tensor? contextBias)
    {
        using DisposeScope scope = NewDisposeScope();
        hidden = _attentions[0].call(_resnets[0].call(hidden, time), context, contextBias);
        return _resnets[1].call(hidden, time).MoveToOuterDisposeScope();
    }
}
