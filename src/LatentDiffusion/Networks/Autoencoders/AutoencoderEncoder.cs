using TorchSharp;
using static TorchSharp.torch;

namespace LatentDiffusion.Networks;

/// <summary>The encoder half: pixels to the mean and log-variance of latents, or to features (VQ).</summary>
internal sealed class AutoencoderEncoder : nn.Module<Tensor, Tensor>
{
    [ComponentName(Name = "conv_in")] private readonly Conv2dLayer _convIn;
    [ComponentName(Name = "down_blocks")] private readonly LayerList<AutoencoderBlock> _downBlocks = [];
    [ComponentName(Name = "mid_block")] private readonly AutoencoderMiddle _middle;
    [ComponentName(Name = "conv_norm_out")] private readonly nn.Module _normOut;
    [ComponentName(Name = "conv_out")] private readonly Conv2dLayer _convOut;

    public AutoencoderEncoder(
        AutoencoderShape shape, int inChannels, int outChannels, IReadOnlyList<string> types, IReadOnlyList<int> channels,
        int layers, bool attention)
        : base(NativeModule.Create(nameof(AutoencoderEncoder)), 0)
    {
        _convIn = shape.Layers.Conv2d(inChannels, channels[0], 3, padding: 1);
        for (int i = 0; i < channels.Count; i++)
            _downBlocks.Add(
                new AutoencoderBlock(shape, types[i], channels[Math.Max(i - 1, 0)], channels[i], layers, resizes: i < channels.Count - 1));
        _middle = new AutoencoderMiddle(shape, channels[^1], attention);
        _normOut = shape.Norm(channels[^1]);
        _convOut = shape.Layers.Conv2d(channels[^1], outChannels, 3, padding: 1);
        RegisterComponents();
    }

    public override Tensor forward(Tensor input) => Shrink(input, null).Into(AtLatents);

    /// <summary>The part at larger sizes than the latents.</summary>
    /// <param name="images">[batch, channels, height, width].</param>
    /// <param name="norms">Further inputs of the normalisations; null for nothing.</param>
    public Tensor Shrink(Tensor images, NormalizationContext? norms)
    {
        using DisposeScope scope = NewDisposeScope();
        Tensor hidden = _convIn.call(images);
        foreach (AutoencoderBlock block in _downBlocks.SkipLast(1)) hidden = hidden.Into(x => block.call(x, norms));
        return hidden.MoveToOuterDisposeScope();
    }

    /// <summary>The part after <see cref="Shrink"/>, with the middle and its attention.</summary>
    public Tensor AtLatents(Tensor features)
    {
        using DisposeScope scope = NewDisposeScope();
        Tensor hidden = _middle.Run(_downBlocks[^1].call(features, null), null);
        hidden = hidden.Into(x => AutoencoderShape.Normalize(_normOut, x, null));
        return hidden.Activate(Activations.SiluFunction).Into(_convOut.call).MoveToOuterDisposeScope();
    }
}
