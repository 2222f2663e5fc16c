using static TorchSharp.torch;

namespace LatentDiffusion.Networks;

/// <summary>
/// The autoencoder with KL regularisation (Rombach et al. 2022, section 3.1 and appendix G): a convolutional encoder to
/// a diagonal Gaussian over latents, and a decoder back to pixels. Parameter names are the published ones.
/// </summary>
public sealed class AutoencoderKL : nn.Module<Tensor, Tensor>, IAutoencoderNetwork
{
    [ComponentName(Name = "encoder")] private readonly AutoencoderEncoder _encoder;
    [ComponentName(Name = "decoder")] private readonly AutoencoderDecoder _decoder;
    [ComponentName(Name = "quant_conv")] private readonly Conv2dLayer? _quantConv;
    [ComponentName(Name = "post_quant_conv")] private readonly Conv2dLayer? _postQuantConv;
    private readonly GaussianCoder _coder;

    /// <summary>Builds the network, initialised at random.</summary>
    /// <exception cref="NotSupportedException">The configuration asks for a block or activation that is not known.</exception>
    /// <exception cref="ArgumentException">The configuration contradicts itself.</exception>
    public AutoencoderKL(AutoencoderKLConfig config) : this(config, LayerFactory.Random)
    {
    }

    internal AutoencoderKL(AutoencoderKLConfig config, LayerFactory layers) : base(NativeModule.Create(nameof(AutoencoderKL)), 0)
    {
        ArgumentNullException.ThrowIfNull(config);
        config.Check();
        AutoencoderRules.CheckWords(config.DownBlockTypes, config.UpBlockTypes, config.ActFn);
        Config = config;
        int latents = config.LatentChannels;
        var shape = new AutoencoderShape(layers, config.NormNumGroups, config.ActFn);
        _encoder = new AutoencoderEncoder(
            shape, config.InChannels, 2 * latents, config.DownBlockTypes, config.BlockOutChannels, config.LayersPerBlock,
            config.MidBlockAddAttention);
        _decoder = new AutoencoderDecoder(
            shape, latents, config.OutChannels, config.UpBlockTypes, config.BlockOutChannels, config.LayersPerBlock,
            config.MidBlockAddAttention);
        if (config.UseQuantConv) _quantConv = layers.Conv2d(2 * latents, 2 * latents, 1);
        if (config.UsePostQuantConv) _postQuantConv = layers.Conv2d(latents, latents, 1);
        _coder = new GaussianCoder(_encoder, _decoder, _quantConv, _postQuantConv);
        RegisterComponents();
    }

    /// <summary>The configuration it was built from.</summary>
    public AutoencoderKLConfig Config { get; }

    bool IAutoencoderNetwork.OverflowsInHalf => Config.ForceUpcast;

    bool IAutoencoderNetwork.NormalizesLargeMaps => true;

    /// <summary>Mean and log-variance of the latents, unscaled: each [batch, latent channels, height, width].</summary>
    /// <param name="images">Pixels in [−1, 1], [batch, 3, height, width].</param>
    public (Tensor Mean, Tensor LogVariance) Encode(Tensor images)
    {
        using NetworkUse weights = NetworkUse.ToEvaluate(this);
        return _coder.Encode(images);
    }

    /// <summary>Pixels of unscaled latents.</summary>
    /// <param name="latents">[batch, latent channels, height, width].</param>
    public Tensor Decode(Tensor latents)
    {
        ArgumentNullException.ThrowIfNull(latents);
        using NetworkUse weights = NetworkUse.ToEvaluate(this);
        return _coder.Decode(latents);
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
        AutoencoderKLConfig config = scalingFactor is { } scale ? Config with { ScalingFactor = scale } : Config;
        var scaling = new ChannelScaling(
            config.ScalingFactor, config.ShiftFactor ?? 0, config.LatentsMean, config.LatentsStd, config.LatentChannels);
        var latents = new LatentLayout(config.LatentChannels, LatentLayout.FactorOf(config.BlockOutChannels.Length), scaling);
        return new AutoencoderDescription(config, latents, AutoencoderDescription.ValuesOfLastBlock(config.BlockOutChannels))
        {
            SampleSize = config.SampleSize[0], ScalingFactor = config.ScalingFactor,
            Preview = LinearPreview.Published(config.BlockOutChannels, config.LatentChannels, config.ScalingFactor, config.ShiftFactor),
        };
    }

    (Tensor Mean, Tensor? LogVariance) IAutoencoderNetwork.Encode(Tensor images) => Encode(images);

    (Tensor Features, Tensor? Modulation) IAutoencoderNetwork.DecodeAtLatents(Tensor latents) => (_coder.DecodeAtLatents(latents), null);

    Tensor IAutoencoderNetwork.Enlarge(Tensor features, NormalizationContext norms) => _coder.Enlarge(features, norms);

    Tensor IAutoencoderNetwork.Shrink(Tensor images, NormalizationContext norms) => _coder.Shrink(images, norms);

    (Tensor Mean, Tensor? LogVariance) IAutoencoderNetwork.EncodeAtLatents(Tensor features) => _coder.EncodeAtLatents(features);
}
