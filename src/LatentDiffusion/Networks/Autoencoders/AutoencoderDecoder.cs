using TorchSharp;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace LatentDiffusion;

/// <summary>The decoder half: latents to pixels.</summary>
internal sealed class AutoencoderDecoder : nn.Module<Tensor, Tensor>
{
    [ComponentName(Name = "conv_in")] private readonly Conv2d _convIn;
    [ComponentName(Name = "up_blocks")] private readonly ModuleList<AutoencoderBlock> _upBlocks = [];
    [ComponentName(Name = "mid_block")] private readonly AutoencoderMiddle _middle;
    [ComponentName(Name = "conv_norm_out")] private readonly GroupNorm _normOut;
    [ComponentName(Name = "conv_out")] private readonly Conv2d _convOut;

    public AutoencoderDecoder(int inChannels, int outChannels, IReadOnlyList<int> channels, int layers, int groups, bool attention)
        : base(nameof(AutoencoderDecoder))
    {
        int last = channels.Count - 1;
        _convIn = nn.Conv2d(inChannels, channels[last], 3, padding: 1);
        _middle = new AutoencoderMiddle(channels[last], groups, attention);
        for (int i = last; i >= 0; i--)
            _upBlocks.Add(AutoencoderBlock.Up(channels[Math.Min(i + 1, last)], channels[i], layers + 1, groups, grow: i > 0));
        _normOut = Normalization.Group(groups, channels[0], AutoencoderKL.NormEps);
        _convOut = nn.Conv2d(channels[0], outChannels, 3, padding: 1);
        RegisterComponents();
    }

    public override Tensor forward(Tensor latents)
    {
        using DisposeScope scope = NewDisposeScope();
        Tensor hidden = _middle.call(_convIn.call(latents));
        foreach (AutoencoderBlock block in _upBlocks) hidden = block.call(hidden);
        return _convOut.call(nn.functional.silu(_normOut.call(hidden))).MoveToOuterDisposeScope();
    }
}
