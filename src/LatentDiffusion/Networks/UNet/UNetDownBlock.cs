using TorchSharp.Modules;
using static TorchSharp.torch;

namespace LatentDiffusion;

/// <summary>One resolution on the way down: residual blocks, each followed by a spatial transformer where there is attention, then halving.</summary>
internal sealed class UNetDownBlock : nn.Module
{
    [ComponentName(Name = "attentions")] private readonly ModuleList<Transformer2DModel>? _attentions;
    [ComponentName(Name = "resnets")] private readonly ModuleList<ResnetBlock2D> _resnets = [];
    [ComponentName(Name = "downsamplers")] private readonly ModuleList<Downsample2D>? _downsamplers;

    public UNetDownBlock(UNetBlockShape shape, int inChannels, int outChannels, int layers, int? downsamplePadding) : base(nameof(UNetDownBlock))
    {
        if (shape.TransformerLayers > 0) _attentions = [];
        for (int i = 0; i < layers; i++)
        {
            _resnets.Add(shape.Resnet(i == 0 ? inChannels : outChannels, outChannels));
            _attentions?.Add(shape.Transformer(outChannels));
        }

        if (downsamplePadding is { } padding) _downsamplers = [new Downsample2D(outChannels, padding)];
        RegisterComponents();
    }

    /// <summary>Runs the block.</summary>
    /// <param name="hidden">[batch, channels, height, width].</param>
    /// <param name="time">The activated time embedding.</param>
    /// <param name="context">The text.</param>
    /// <param name="contextBias">Added to the logits of attention to the text; null for none.</param>
    /// <param name="skips">Takes the output of each layer, for the way up.</param>
    public Tensor forward(Tensor hidden, Tensor time, Tensor context, Tensor? contextBias, Stack<Tensor> skips)
    {
        for (int i = 0; i < _resnets.Count; i++)
        {
            hidden = _resnets[i].call(hidden, time);
            if (_attentions is not null)
            {
                using Tensor before = hidden;
                hidden = _attentions[i].call(before, context, contextBias);
            }

            skips.Push(hidden);
        }

        if (_downsamplers is null) return hidden;
        hidden = _downsamplers[0].call(hidden);
        skips.Push(hidden);
        return hidden;
    }
}
