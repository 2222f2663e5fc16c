using TorchSharp;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace LatentDiffusion;

/// <summary>The decoder half: latents to pixels.</summary>
internal sealed class AutoencoderDecoder : nn.Module<Tensor, Tensor?, Tensor>
{
    [ComponentName(Name = "conv_in")] private readonly Conv2d _convIn;
    [ComponentName(Name = "up_blocks")] private readonly ModuleList<AutoencoderBlock> _upBlocks = [];
    [ComponentName(Name = "mid_block")] private readonly AutoencoderMiddle _middle;
    [ComponentName(Name = "conv_norm_out")] private readonly nn.Module _normOut;
    [ComponentName(Name = "conv_out")] private readonly Conv2d _convOut;

    public AutoencoderDecoder(
        AutoencoderShape shape, int inChannels, int outChannels, IReadOnlyList<string> types, IReadOnlyList<int> channels, int layers, bool attention)
        : base(nameof(AutoencoderDecoder))
    {
        int last = channels.Count - 1;
        _convIn = shape.Layers.Conv2d(inChannels, channels[last], 3, padding: 1);
        _middle = new AutoencoderMiddle(shape, channels[last], attention);
        for (int i = last; i >= 0; i--)
            _upBlocks.Add(new AutoencoderBlock(shape, types[last - i], channels[Math.Min(i + 1, last)], channels[i], layers + 1, resizes: i > 0));
        _normOut = shape.Norm(channels[0]);
        _convOut = shape.Layers.Conv2d(channels[0], outChannels, 3, padding: 1);
        RegisterComponents();
    }

    /// <param name="input">[batch, latent channels, height, width].</param>
    /// <param name="latents">What modulates the normalisations; null for plain ones.</param>
    public override Tensor forward(Tensor input, Tensor? latents)
    {
        using DisposeScope scope = NewDisposeScope();
        Tensor hidden = _convIn.call(input).Into(x => _middle.call(x, latents));
        foreach (AutoencoderBlock block in _upBlocks) hidden = hidden.Into(x => block.call(x, latents));
        hidden = hidden.Into(x => AutoencoderShape.Normalize(_normOut, x, latents));
        return hidden.Into(Activations.Silu).Into(_convOut.call).MoveToOuterDisposeScope();
    }
}
