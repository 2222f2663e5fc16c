using TorchSharp;
using static TorchSharp.torch;

namespace LatentDiffusion.Networks;

/// <summary>
/// The autoencoder of Stable Diffusion with a larger decoder, which also reads the part of an image that inpainting preserves (Zhu et
/// al. 2023, "Designing a Better Asymmetric VQGAN for StableDiffusion"). Its latents are those of <see cref="AutoencoderKL"/>. Parameter
/// names are the published ones.
/// </summary>
public sealed class AsymmetricAutoencoderKL : nn.Module<Tensor, Tensor>, IAutoencoderNetwork
{
    [ComponentName(Name = "encoder")] private readonly AutoencoderEncoder _encoder;
    [ComponentName(Name = "decoder")] private readonly AutoencoderDecoder _decoder;
    [ComponentName(Name = "quant_conv")] private readonly Conv2dLayer _quantConv;
    [ComponentName(Name = "post_quant_conv")] private readonly Conv2dLayer _postQuantConv;
    private readonly GaussianCoder _coder;
    private readonly int _factor;

    /// <summary>Builds the network, initialised at random.</summary>
    /// <exception cref="NotSupportedException">The configuration asks for a block or activation that is not known.</exception>
    /// <exception cref="ArgumentException">The configuration contradicts itself.</exception>
    public AsymmetricAutoencoderKL(AsymmetricAutoencoderKLConfig config) : this(config, LayerFactory.Random)
    {
    }

    internal AsymmetricAutoencoderKL(AsymmetricAutoencoderKLConfig config, LayerFactory layers)
        : base(NativeModule.Create(nameof(AsymmetricAutoencoderKL)), 0)
    {
        ArgumentNullException.ThrowIfNull(config);
        config.Check();
        AutoencoderRules.CheckWords(config.DownBlockTypes, config.UpBlockTypes, config.ActFn);
        Config = config;
        int latents = config.LatentChannels;
        _factor = LatentLayout.FactorOf(config.UpBlockOutChannels.Length);
        var shape = new AutoencoderShape(layers, config.NormNumGroups, config.ActFn);
        _encoder = new AutoencoderEncoder(
            shape, config.InChannels, 2 * latents, config.DownBlockTypes, config.DownBlockOutChannels, config.LayersPerDownBlock,
            attention: true);
        _decoder = new AutoencoderDecoder(
            shape, latents, config.OutChannels, config.UpBlockTypes, config.UpBlockOutChannels, config.LayersPerUpBlock, attention: true,
            readsMaskedImage: true);
        _quantConv = layers.Conv2d(2 * latents, 2 * latents, 1);
        _postQuantConv = layers.Conv2d(latents, latents, 1);
        _coder = new GaussianCoder(_encoder, _decoder, _quantConv, _postQuantConv);
        RegisterComponents();
    }

    /// <summary>The configuration it was built from.</summary>
    public AsymmetricAutoencoderKLConfig Config { get; }

    bool IAutoencoderNetwork.OverflowsInHalf => Config.ForceUpcast;

    bool IAutoencoderNetwork.NormalizesLargeMaps => true;

    bool IAutoencoderNetwork.ReadsMaskedImage => true;

    /// <summary>Mean and log-variance of the latents, unscaled: each [batch, latent channels, height, width].</summary>
    /// <param name="images">Pixels in [−1, 1], [batch, 3, height, width].</param>
    public (Tensor Mean, Tensor LogVariance) Encode(Tensor images)
    {
        using NetworkUse weights = NetworkUse.ToEvaluate(this);
        return _coder.Encode(images);
    }

    /// <summary>Pixels of unscaled latents, without a masked image.</summary>
    /// <param name="latents">[batch, latent channels, height, width].</param>
    public Tensor Decode(Tensor latents)
    {
        ArgumentNullException.ThrowIfNull(latents);
        using NetworkUse weights = NetworkUse.ToEvaluate(this);
        return _coder.Decode(latents);
    }

    /// <summary>Pixels of unscaled latents, with the part of an image that stays.</summary>
    /// <param name="latents">[batch, latent channels, height, width].</param>
    /// <param name="image">The image: pixels in [−1, 1], [1 or batch, 3, height, width] in pixels.</param>
    /// <param name="mask">1 where it is repainted and 0 where it stays, [1 or batch, 1, height, width] in pixels.</param>
    /// <exception cref="ArgumentException">Image or mask has another size than the decoded image.</exception>
    public Tensor Decode(Tensor latents, Tensor image, Tensor mask)
    {
        ArgumentNullException.ThrowIfNull(latents);
        ArgumentNullException.ThrowIfNull(image);
        ArgumentNullException.ThrowIfNull(mask);
        using NetworkUse weights = NetworkUse.ToEvaluate(this);
        using DisposeScope scope = NewDisposeScope();
        var context = new DecodingContext { Image = image, Mask = mask };
        MaskedFeatures features = _decoder.Condition(Masked(latents, context)!);
        return _coder.DecodeAtLatents(latents, features).Into(x => _decoder.Enlarge(x, null, features)).MoveToOuterDisposeScope();
    }

    /// <summary>Pixels to pixels through the mean of the latents.</summary>
    public override Tensor forward(Tensor images)
    {
        (Tensor mean, Tensor logVariance) = Encode(images);
        logVariance.Dispose();
        using (mean) return Decode(mean);
    }

    /// <summary>Frees the weights, after the calls that read them.</summary>
    protected override void Dispose(bool disposing)
    {
        if (disposing) NetworkUse.Free(this, () => base.Dispose(disposing: true));
        else base.Dispose(disposing: false);
    }

    AutoencoderDescription IAutoencoderNetwork.Describe(double? scalingFactor)
    {
        AsymmetricAutoencoderKLConfig config = scalingFactor is { } scale ? Config with { ScalingFactor = scale } : Config;
        var latents = new LatentLayout(config.LatentChannels, _factor, new ChannelScaling(config.ScalingFactor));
        // In addition to the decoder's: features of the masked image at full size, of two layers.
        long values = AutoencoderDescription.ValuesOfLastBlock(config.UpBlockOutChannels) + 2L * config.UpBlockOutChannels[^1];
        return new AutoencoderDescription(config, latents, values)
        {
            SampleSize = config.SampleSize[0], ScalingFactor = config.ScalingFactor,
            Preview = LinearPreview.Published(config.DownBlockOutChannels, config.LatentChannels, config.ScalingFactor, null),
        };
    }

    (Tensor Mean, Tensor? LogVariance) IAutoencoderNetwork.Encode(Tensor images) => Encode(images);

    Tensor IAutoencoderNetwork.Decode(Tensor latents, DecodingContext context, CancellationToken cancellationToken) =>
        context is { Image: { } image, Mask: { } mask } ? Decode(latents, image, mask) : Decode(latents);

    (Tensor Features, Tensor? Modulation) IAutoencoderNetwork.DecodeAtLatents(Tensor latents) => (_coder.DecodeAtLatents(latents), null);

    Tensor IAutoencoderNetwork.Enlarge(Tensor features, NormalizationContext norms) => _coder.Enlarge(features, norms);

    Tensor IAutoencoderNetwork.EncodeMasked(MaskedImage image)
    {
        using DisposeScope scope = NewDisposeScope();
        long[] size = image.Visible.shape;
        return _decoder.Condition(image).At(Config.UpBlockOutChannels[^1], size[2] / _factor, size[3] / _factor).MoveToOuterDisposeScope();
    }

    Tensor IAutoencoderNetwork.DecodeMaskedAtLatents(Tensor latents, Tensor masked, Tensor mask) =>
        _coder.DecodeAtLatents(latents, new MaskedFeatures([masked], mask));

    Tensor IAutoencoderNetwork.EnlargeMasked(Tensor features, NormalizationContext norms, MaskedImage image)
    {
        using DisposeScope scope = NewDisposeScope();
        return _decoder.Enlarge(features, norms, _decoder.Condition(image)).MoveToOuterDisposeScope();
    }

    Tensor IAutoencoderNetwork.Shrink(Tensor images, NormalizationContext norms) => _coder.Shrink(images, norms);

    (Tensor Mean, Tensor? LogVariance) IAutoencoderNetwork.EncodeAtLatents(Tensor features) => _coder.EncodeAtLatents(features);

    private MaskedImage? Masked(Tensor latents, DecodingContext context) =>
        MaskedImage.Create(context, latents.shape[0], latents.shape[2] * _factor, latents.shape[3] * _factor, latents.dtype);
}
