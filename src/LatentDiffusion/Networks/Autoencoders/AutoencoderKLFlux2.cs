using static TorchSharp.torch;

namespace LatentDiffusion.Networks;

/// <summary>
/// The autoencoder of FLUX.2 (Black Forest Labs 2025): that of <see cref="AutoencoderKL"/> with more latent channels, and the
/// statistics by which latents are normalised after each patch of them has become one vector. Parameter names are the published
/// ones. <see cref="LatentAutoencoder"/> gives the patches, normalised.
/// </summary>
public sealed class AutoencoderKLFlux2 : nn.Module<Tensor, Tensor>, IAutoencoderNetwork
{
    [ComponentName(Name = "encoder")] private readonly AutoencoderEncoder _encoder;
    [ComponentName(Name = "decoder")] private readonly AutoencoderDecoder _decoder;
    [ComponentName(Name = "quant_conv")] private readonly Conv2dLayer? _quantConv;
    [ComponentName(Name = "post_quant_conv")] private readonly Conv2dLayer? _postQuantConv;
    [ComponentName(Name = "bn")] private readonly RunningStatistics _statistics;
    private readonly GaussianCoder _coder;

    /// <summary>Builds the network, initialised at random.</summary>
    /// <exception cref="NotSupportedException">The configuration asks for a block or activation that is not known.</exception>
    /// <exception cref="ArgumentException">The configuration contradicts itself.</exception>
    public AutoencoderKLFlux2(AutoencoderKLFlux2Config config) : this(config, LayerFactory.Random)
    {
    }

    internal AutoencoderKLFlux2(AutoencoderKLFlux2Config config, LayerFactory layers)
        : base(NativeModule.Create(nameof(AutoencoderKLFlux2)), 0)
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
            shape, latents, config.OutChannels, config.UpBlockTypes, config.DecoderChannels, config.LayersPerBlock,
            config.MidBlockAddAttention);
        if (config.UseQuantConv) _quantConv = layers.Conv2d(2 * latents, 2 * latents, 1);
        if (config.UsePostQuantConv) _postQuantConv = layers.Conv2d(latents, latents, 1);
        _statistics = layers.RunningStatistics(latents * config.PatchSize[0] * config.PatchSize[1]);
        _coder = new GaussianCoder(_encoder, _decoder, _quantConv, _postQuantConv);
        RegisterComponents();
    }

    /// <summary>The configuration it was built from.</summary>
    public AutoencoderKLFlux2Config Config { get; }

    /// <summary>Mean of each channel of a patch of latents: channel · patch area + row · patch width + column.</summary>
    internal double[] PatchMeans => RunningStatistics.ValuesOf(_statistics.Mean);

    /// <summary>Standard deviation of each channel of a patch, with the configuration's epsilon.</summary>
    internal double[] PatchDeviations =>
        [.. RunningStatistics.ValuesOf(_statistics.Variance).Select(variance => Math.Sqrt(variance + Config.BatchNormEps))];

    bool IAutoencoderNetwork.OverflowsInHalf => Config.ForceUpcast;

    bool IAutoencoderNetwork.NormalizesLargeMaps => true;

    /// <summary>
    /// Mean and log-variance of the latents, neither normalised nor in patches: each [batch, latent channels, height, width].
    /// </summary>
    /// <param name="images">Pixels in [−1, 1], [batch, 3, height, width].</param>
    public (Tensor Mean, Tensor LogVariance) Encode(Tensor images)
    {
        using NetworkUse weights = NetworkUse.ToEvaluate(this);
        return _coder.Encode(images);
    }

    /// <summary>Pixels of latents that are neither normalised nor in patches.</summary>
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
        if (scalingFactor is not null) throw new ArgumentException($"A {GetType().Name} has its own scale.", nameof(scalingFactor));
        int patch = Config.PatchSize[0];
        var scaling = new ChannelScaling(1, 0, [.. PatchMeans], [.. PatchDeviations], Config.LatentChannels * patch * patch);
        var latents = new LatentLayout(Config.LatentChannels, LatentLayout.FactorOf(Config.BlockOutChannels.Length), scaling, patch);
        return new AutoencoderDescription(Config, latents, AutoencoderDescription.ValuesOfLastBlock(Config.DecoderChannels))
        {
            SampleSize = Config.SampleSize[0],
        };
    }

    (Tensor Mean, Tensor? LogVariance) IAutoencoderNetwork.Encode(Tensor images) => Encode(images);

    (Tensor Features, Tensor? Modulation) IAutoencoderNetwork.DecodeAtLatents(Tensor latents) => (_coder.DecodeAtLatents(latents), null);

    Tensor IAutoencoderNetwork.Enlarge(Tensor features, NormalizationContext norms) => _coder.Enlarge(features, norms);

    Tensor IAutoencoderNetwork.Shrink(Tensor images, NormalizationContext norms) => _coder.Shrink(images, norms);

    (Tensor Mean, Tensor? LogVariance) IAutoencoderNetwork.EncodeAtLatents(Tensor features) => _coder.EncodeAtLatents(features);
}
