using TorchSharp;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace LatentDiffusion;

/// <summary>The encoder half: pixels to the mean and log-variance of latents, or to features (VQ).</summary>
internal sealed class AutoencoderEncoder : nn.Module<Tensor, Tensor>
{
    [ComponentName(Name = "conv_in")] private readonly Conv2d _convIn;
    [ComponentName(Name = "down_blocks")] private readonly ModuleList<AutoencoderBlock> _downBlocks = [];
    [ComponentName(Name = "mid_block")] private readonly AutoencoderMiddle _middle;
    [ComponentName(Name = "conv_norm_out")] private readonly GroupNorm _normOut;
    [ComponentName(Name = "conv_out")] private readonly Conv2d _convOut;

    public AutoencoderEncoder(int inChannels, int outChannels, IReadOnlyList<int> channels, int layers, int groups, bool attention)
        : base(nameof(AutoencoderEncoder))
    {
        _convIn = nn.Conv2d(inChannels, channels[0], 3, padding: 1);
        for (int i = 0; i < channels.Count; i++)
            _downBlocks.Add(AutoencoderBlock.Down(channels[Math.Max(i - 1, 0)], channels[i], layers, groups, halve: i < channels.Count - 1));
        _middle = new AutoencoderMiddle(channels[^1], groups, attention);
        _normOut = Normalization.Group(groups, channels[^1], AutoencoderKL.NormEps);
        _convOut = nn.Conv2d(channels[^1], outChannels, 3, padding: 1);
        RegisterComponents();
    }

    public override Tensor forward(Tensor input)
    {
        using DisposeScope scope = NewDisposeScope();
        Tensor hidden = _convIn.call(input);
        foreach (AutoencoderBlock block in _downBlocks) hidden = block.call(hidden);
        hidden = _middle.call(hidden);
        return _convOut.call(nn.functional.silu(_normOut.call(hidden))).MoveToOuterDisposeScope();
    }
}
