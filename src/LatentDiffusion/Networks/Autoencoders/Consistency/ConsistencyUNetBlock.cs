using TorchSharp;
using static TorchSharp.torch;

namespace LatentDiffusion.Networks;

/// <summary>One resolution of the consistency decoder's U-Net: residual blocks, and one that halves or doubles the size.</summary>
internal sealed class ConsistencyUNetBlock : LayerGroup
{
    public const string Down = "ResnetDownsampleBlock2D", Up = "ResnetUpsampleBlock2D";

    [ComponentName(Name = "resnets")] private readonly LayerList<ResnetBlock2D> _resnets = [];
    [ComponentName(Name = "downsamplers")] private readonly LayerList<ResnetBlock2D>? _downsamplers;
    [ComponentName(Name = "upsamplers")] private readonly LayerList<ResnetBlock2D>? _upsamplers;

    /// <param name="layers">Makes the layers.</param>
    /// <param name="options">Settings of the residual blocks.</param>
    /// <param name="inChannels">Channels that each residual block reads.</param>
    /// <param name="outChannels">Channels of this resolution.</param>
    /// <param name="resampling">How the size changes at the end.</param>
    public ConsistencyUNetBlock(
        LayerFactory layers, ResnetOptions options, IReadOnlyList<int> inChannels, int outChannels, Resampling resampling)
        : base(nameof(ConsistencyUNetBlock))
    {
        foreach (int channels in inChannels) _resnets.Add(new ResnetBlock2D(layers, channels, outChannels, options));
        LayerList<ResnetBlock2D>? resampler =
            resampling == Resampling.None ? null : [new ResnetBlock2D(layers, outChannels, outChannels, options, resampling)];
        if (resampling == Resampling.Halve) _downsamplers = resampler;
        else _upsamplers = resampler;
        RegisterComponents();
    }

    /// <summary>On the way down: each layer's output is kept for the way up.</summary>
    /// <param name="hidden">[batch, channels, height, width]; stays on the stack.</param>
    /// <param name="time">The embedding of the timestep.</param>
    /// <param name="skips">Takes the outputs.</param>
    public Tensor Descend(Tensor hidden, TimeContext time, Stack<Tensor> skips)
    {
        foreach (ResnetBlock2D resnet in _resnets.Concat(_downsamplers ?? [])) skips.Push(hidden = resnet.call(hidden, time));
        return hidden;
    }

    /// <summary>In the middle.</summary>
    public Tensor Continue(Tensor hidden, TimeContext time)
    {
        using DisposeScope scope = NewDisposeScope();
        foreach (ResnetBlock2D resnet in _resnets) hidden = resnet.call(hidden, time);
        return hidden.MoveToOuterDisposeScope();
    }

    /// <summary>On the way up: each block reads an output of the way down in addition.</summary>
    /// <param name="hidden">[batch, channels, height, width]; disposed.</param>
    /// <param name="time">The embedding of the timestep.</param>
    /// <param name="skips">Gives the outputs, which are disposed.</param>
    public Tensor Ascend(Tensor hidden, TimeContext time, Stack<Tensor> skips)
    {
        foreach (ResnetBlock2D resnet in _resnets)
        {
            using Tensor below = hidden, skip = skips.Pop();
            hidden = cat([below, skip], 1).Into(x => resnet.call(x, time));
        }

        return _upsamplers is null ? hidden : hidden.Into(x => _upsamplers[0].call(x, time));
    }
}
