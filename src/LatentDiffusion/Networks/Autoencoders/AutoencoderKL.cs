using TorchSharp;
using static TorchSharp.torch;

namespace LatentDiffusion.Networks;

/// <summary>
/// The autoencoder with KL regularisation (Rombach et al. 2022, section 3.1 and appendix G): a convolutional encoder to
/// a diagonal Gaussian over latents, and a decoder back to pixels. Parameter names are the published ones.
/// </summary>
public sealed class AutoencoderKL : nn.Module<Tensor, Tensor>, ISplitNetwork
{
    // The published bounds of the log-variance; they keep exp() finite.
    private const double MinimumLogVariance = -30, MaximumLogVariance = 20;

    [ComponentName(Name = "encoder")] private readonly AutoencoderEncoder _encoder;
    [ComponentName(Name = "decoder")] private readonly AutoencoderDecoder _decoder;
    [ComponentName(Name = "quant_conv")] private readonly Conv2dLayer? _quantConv;
    [ComponentName(Name = "post_quant_conv")] private readonly Conv2dLayer? _postQuantConv;

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
        RegisterComponents();
    }

    /// <summary>The configuration it was built from.</summary>
    public AutoencoderKLConfig Config { get; }

    int? ISplitNetwork.SampleSize => Config.SampleSize[0];

    bool ISplitNetwork.NormalizesLargeMaps => true;

    /// <summary>Mean and log-variance of the latents, unscaled: each [batch, latent channels, height, width].</summary>
    /// <param name="images">Pixels in [−1, 1], [batch, 3, height, width].</param>
    public (Tensor Mean, Tensor LogVariance) Encode(Tensor images)
    {
        using NetworkUse weights = NetworkUse.ToEvaluate(this);
        using DisposeScope scope = NewDisposeScope();
        (Tensor mean, Tensor logVariance) = Moments(_encoder.call(images));
        return scope.MoveToOuter(mean, logVariance);
    }

    /// <summary>Pixels of unscaled latents.</summary>
    /// <param name="latents">[batch, latent channels, height, width].</param>
    public Tensor Decode(Tensor latents)
    {
        ArgumentNullException.ThrowIfNull(latents);
        using NetworkUse weights = NetworkUse.ToEvaluate(this);
        return _postQuantConv is null ? _decoder.call(latents, null) : _postQuantConv.call(latents).Into(x => _decoder.call(x, null));
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

    (Tensor Features, Tensor? Modulation) ISplitNetwork.DecodeAtLatents(Tensor latents) =>
        (_postQuantConv is null
            ? _decoder.AtLatents(latents, null)
            : _postQuantConv.call(latents).Into(x => _decoder.AtLatents(x, null)), null);

    Tensor ISplitNetwork.Enlarge(Tensor features, NormalizationContext norms) => _decoder.Enlarge(features, norms);

    Tensor ISplitNetwork.Shrink(Tensor images, NormalizationContext norms) => _encoder.Shrink(images, norms);

    (Tensor Mean, Tensor? LogVariance) ISplitNetwork.EncodeAtLatents(Tensor features)
    {
        using DisposeScope scope = NewDisposeScope();
        (Tensor mean, Tensor logVariance) = Moments(_encoder.AtLatents(features));
        return scope.MoveToOuter(mean, logVariance);
    }

    private (Tensor Mean, Tensor LogVariance) Moments(Tensor encoded)
    {
        Tensor[] parts = (_quantConv is null ? encoded : _quantConv.call(encoded)).chunk(2, 1);
        return (parts[0], parts[1].Clamp(MinimumLogVariance, MaximumLogVariance));
    }
}
