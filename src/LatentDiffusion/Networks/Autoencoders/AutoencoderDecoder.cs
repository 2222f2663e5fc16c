using TorchSharp;
using static TorchSharp.torch;

namespace LatentDiffusion.Networks;

/// <summary>
/// The decoder half: latents to pixels. With a condition encoder it also reads the part of an image that stays (Zhu et al. 2023,
/// "Designing a Better Asymmetric VQGAN for StableDiffusion").
/// </summary>
internal sealed class AutoencoderDecoder : nn.Module<Tensor, NormalizationContext?, Tensor>
{
    [ComponentName(Name = "conv_in")] private readonly Conv2dLayer _convIn;
    [ComponentName(Name = "up_blocks")] private readonly LayerList<AutoencoderBlock> _upBlocks = [];
    [ComponentName(Name = "mid_block")] private readonly AutoencoderMiddle _middle;
    [ComponentName(Name = "condition_encoder")] private readonly MaskConditionEncoder? _condition;
    [ComponentName(Name = "conv_norm_out")] private readonly nn.Module _normOut;
    [ComponentName(Name = "conv_out")] private readonly Conv2dLayer _convOut;

    public AutoencoderDecoder(
        AutoencoderShape shape, int inChannels, int outChannels, IReadOnlyList<string> types, IReadOnlyList<int> channels,
        int layers, bool attention, bool readsMaskedImage = false)
        : base(NativeModule.Create(nameof(AutoencoderDecoder)), 0)
    {
        int last = channels.Count - 1;
        _convIn = shape.Layers.Conv2d(inChannels, channels[last], 3, padding: 1);
        _middle = new AutoencoderMiddle(shape, channels[last], attention);
        for (int i = last; i >= 0; i--)
            _upBlocks.Add(
                new AutoencoderBlock(shape, types[last - i], channels[Math.Min(i + 1, last)], channels[i], layers + 1, resizes: i > 0));
        if (readsMaskedImage) _condition = new MaskConditionEncoder(shape.Layers, outChannels, channels);
        _normOut = shape.Norm(channels[0]);
        _convOut = shape.Layers.Conv2d(channels[0], outChannels, 3, padding: 1);
        RegisterComponents();
    }

    /// <param name="input">[batch, latent channels, height, width].</param>
    /// <param name="norms">Further inputs of the normalisations; null for nothing.</param>
    public override Tensor forward(Tensor input, NormalizationContext? norms) => AtLatents(input, norms).Into(x => Enlarge(x, norms));

    /// <summary>The features of a masked image, which its owner disposes.</summary>
    public MaskedFeatures Condition(MaskedImage image) => new(_condition!.call(image.Visible), image.Mask);

    /// <summary>The part at the size of the latents, with the middle and its attention.</summary>
    /// <param name="input">[batch, latent channels, height, width].</param>
    /// <param name="norms">Further inputs of the normalisations; null for nothing.</param>
    /// <param name="masked">Features of the image that is partly repainted; null for none.</param>
    public Tensor AtLatents(Tensor input, NormalizationContext? norms, MaskedFeatures? masked = null)
    {
        using DisposeScope scope = NewDisposeScope();
        Tensor hidden = Restore(_middle.Run(_convIn.call(input), norms), masked);
        return hidden.Into(x => _upBlocks[0].Refine(x, norms)).MoveToOuterDisposeScope();
    }

    /// <summary>The part after <see cref="AtLatents"/>, up to the pixels.</summary>
    public Tensor Enlarge(Tensor features, NormalizationContext? norms, MaskedFeatures? masked = null)
    {
        using DisposeScope scope = NewDisposeScope();
        Tensor hidden = _upBlocks[0].Resize(features);
        foreach (AutoencoderBlock block in _upBlocks.Skip(1)) hidden = Restore(hidden, masked).Into(x => block.call(x, norms));
        hidden = Restore(hidden, masked).Into(x => AutoencoderShape.Normalize(_normOut, x, norms));
        return hidden.Activate(Activations.SiluFunction).Into(_convOut.call).MoveToOuterDisposeScope();
    }

    private static Tensor Restore(Tensor hidden, MaskedFeatures? masked) => masked is null ? hidden : hidden.Into(masked.Restore);
}
