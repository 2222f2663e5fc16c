using TorchSharp;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace LatentDiffusion;

/// <summary>One resolution of an autoencoder: residual blocks, then a change of size where there is one.</summary>
internal sealed class AutoencoderBlock : nn.Module<Tensor, Tensor>
{
    [ComponentName(Name = "resnets")] private readonly ModuleList<ResnetBlock2D> _resnets = [];
    [ComponentName(Name = "downsamplers")] private readonly ModuleList<Downsample2D>? _downsamplers;
    [ComponentName(Name = "upsamplers")] private readonly ModuleList<Upsample2D>? _upsamplers;

    private AutoencoderBlock(int inChannels, int outChannels, int layers, int groups, bool down, bool up) : base(nameof(AutoencoderBlock))
    {
        for (int i = 0; i < layers; i++)
            _resnets.Add(new ResnetBlock2D(i == 0 ? inChannels : outChannels, outChannels, groups, AutoencoderKL.NormEps));
        if (down) _downsamplers = [new Downsample2D(outChannels, padding: 0)];
        if (up) _upsamplers = [new Upsample2D(outChannels)];
        RegisterComponents();
    }

    public static AutoencoderBlock Down(int inChannels, int outChannels, int layers, int groups, bool halve) =>
        new(inChannels, outChannels, layers, groups, halve, up: false);

    public static AutoencoderBlock Up(int inChannels, int outChannels, int layers, int groups, bool grow) =>
        new(inChannels, outChannels, layers, groups, down: false, grow);

    public override Tensor forward(Tensor input)
    {
        using DisposeScope scope = NewDisposeScope();
        Tensor hidden = input;
        foreach (ResnetBlock2D resnet in _resnets) hidden = resnet.call(hidden, null);
        if (_downsamplers is not null) hidden = _downsamplers[0].call(hidden);
        if (_upsamplers is not null) hidden = _upsamplers[0].call(hidden);
        return hidden.MoveToOuterDisposeScope();
    }
}
