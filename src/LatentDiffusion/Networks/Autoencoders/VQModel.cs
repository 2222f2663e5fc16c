using TorchSharp;
using static TorchSharp.torch;

namespace LatentDiffusion.Networks;

/// <summary>
/// The autoencoder with a codebook (van den Oord et al. 2017; Rombach et al. 2022, section 3.1): the decoder sees the
/// nearest vectors of a codebook in place of the encoder's latents. Parameter names are the published ones.
/// </summary>
public sealed class VQModel : nn.Module<Tensor, Tensor>, IAutoencoderNetwork
{
    [ComponentName(Name = "encoder")] private readonly AutoencoderEncoder _encoder;
    [ComponentName(Name = "quant_conv")] private readonly Conv2dLayer _quantConv;
    [ComponentName(Name = "quantize")] private readonly VectorQuantizer _quantizer;
    [ComponentName(Name = "post_quant_conv")] private readonly Conv2dLayer _postQuantConv;
    [ComponentName(Name = "decoder")] private readonly AutoencoderDecoder _decoder;
    private readonly bool _spatial;

    /// <summary>Builds the network, initialised at random.</summary>
    /// <exception cref="NotSupportedException">The configuration asks for a block or activation that is not known.</exception>
    /// <exception cref="ArgumentException">The configuration contradicts itself.</exception>
    public VQModel(VQConfig config) : this(config, LayerFactory.Random)
    {
    }

    internal VQModel(VQConfig config, LayerFactory layers) : base(NativeModule.Create(nameof(VQModel)), 0)
    {
        ArgumentNullException.ThrowIfNull(config);
        config.Check();
        AutoencoderRules.CheckWords(config.DownBlockTypes, config.UpBlockTypes, config.ActFn);
        ConfigRules.Known("norm_type", config.NormType, "group", "spatial");
        Config = config;
        _spatial = config.NormType == "spatial";
        int latents = config.LatentChannels, codes = config.VqEmbedDim ?? latents;
        var shape = new AutoencoderShape(layers, config.NormNumGroups, config.ActFn);
        _encoder = new AutoencoderEncoder(
            shape, config.InChannels, latents, config.DownBlockTypes, config.BlockOutChannels, config.LayersPerBlock,
            config.MidBlockAddAttention);
        _quantConv = layers.Conv2d(latents, codes, 1);
        _quantizer = new VectorQuantizer(layers, config.NumVqEmbeddings, codes);
        _postQuantConv = layers.Conv2d(codes, latents, 1);
        _decoder = new AutoencoderDecoder(
            shape with { LatentChannels = _spatial ? latents : null },
            latents, config.OutChannels, config.UpBlockTypes, config.BlockOutChannels, config.LayersPerBlock, config.MidBlockAddAttention);
        RegisterComponents();
    }

    /// <summary>The configuration it was built from.</summary>
    public VQConfig Config { get; }

    bool IAutoencoderNetwork.OverflowsInHalf => Config.ForceUpcast;

    bool IAutoencoderNetwork.NormalizesLargeMaps => true;

    /// <summary>Latents before the codebook, unscaled: [batch, width of the codebook, height, width].</summary>
    /// <param name="images">Pixels in [−1, 1], [batch, 3, height, width].</param>
    public Tensor Encode(Tensor images)
    {
        using NetworkUse weights = NetworkUse.ToEvaluate(this);
        return _encoder.call(images).Into(_quantConv.call);
    }

    /// <summary>Pixels of unscaled latents.</summary>
    /// <param name="latents">[batch, width of the codebook, height, width].</param>
    /// <param name="quantize">Whether to take the nearest vectors of the codebook in their place. Default true.</param>
    public Tensor Decode(Tensor latents, bool quantize = true)
    {
        using NetworkUse weights = NetworkUse.ToEvaluate(this);
        if (quantize) return _quantizer.call(latents).Into(x => Decode(x, quantize: false));
        return _postQuantConv.call(latents).Into(x => _decoder.call(x, _spatial ? new NormalizationContext(latents) : null));
    }

    /// <summary>Which vectors of the codebook are nearest to latents; no gradient passes.</summary>
    /// <param name="latents">[batch, width of the codebook, height, width].</param>
    /// <returns>[batch, height, width], int64.</returns>
    public Tensor NearestIndices(Tensor latents)
    {
        ArgumentNullException.ThrowIfNull(latents);
        using NetworkUse weights = NetworkUse.ToEvaluate(this);
        return _quantizer.Nearest(latents);
    }

    /// <summary>The vectors of the codebook at indices.</summary>
    /// <param name="indices">[batch, height, width], int64.</param>
    /// <returns>[batch, width of the codebook, height, width].</returns>
    public Tensor Codes(Tensor indices)
    {
        ArgumentNullException.ThrowIfNull(indices);
        using NetworkUse weights = NetworkUse.ToEvaluate(this);
        return _quantizer.Lookup(indices);
    }

    /// <summary>Pixels of vectors of the codebook.</summary>
    /// <param name="indices">Their indices, [batch, height, width], int64.</param>
    public Tensor DecodeIndices(Tensor indices) => Codes(indices).Into(x => Decode(x, quantize: false));

    /// <summary>Pixels to pixels.</summary>
    public override Tensor forward(Tensor images) => Encode(images).Into(x => Decode(x));

    /// <summary>Frees the weights, after the calls that read them.</summary>
    protected override void Dispose(bool disposing)
    {
        if (disposing) NetworkUse.Free(this, () => base.Dispose(disposing: true));
        else base.Dispose(disposing: false);
    }

    AutoencoderDescription IAutoencoderNetwork.Describe(double? scalingFactor)
    {
        if (scalingFactor is not null) throw new ArgumentException($"A {GetType().Name} has its own scale.", nameof(scalingFactor));
        if (Config.LookupFromCodebook)
            throw new NotSupportedException(
                "The autoencoder is for denoisers that give indices of its codebook (lookup_from_codebook), "
                    + "which has no latents to denoise.");
        var latents = new LatentLayout(
            Config.VqEmbedDim ?? Config.LatentChannels, LatentLayout.FactorOf(Config.BlockOutChannels.Length),
            new ChannelScaling(Config.ScalingFactor));
        return new AutoencoderDescription(Config, latents, AutoencoderDescription.ValuesOfLastBlock(Config.BlockOutChannels))
        {
            SampleSize = Config.SampleSize[0],
        };
    }

    (Tensor Mean, Tensor? LogVariance) IAutoencoderNetwork.Encode(Tensor images) => (Encode(images), null);

    Tensor IAutoencoderNetwork.Decode(Tensor latents) => Decode(latents);

    (Tensor Features, Tensor? Modulation) IAutoencoderNetwork.DecodeAtLatents(Tensor latents)
    {
        using DisposeScope scope = NewDisposeScope();
        Tensor codes = _quantizer.call(latents);
        Tensor features = _postQuantConv.call(codes).Into(x => _decoder.AtLatents(x, _spatial ? new NormalizationContext(codes) : null));
        return (features.MoveToOuterDisposeScope(), _spatial ? codes.MoveToOuterDisposeScope() : null);
    }

    Tensor IAutoencoderNetwork.Enlarge(Tensor features, NormalizationContext norms) => _decoder.Enlarge(features, norms);

    Tensor IAutoencoderNetwork.Shrink(Tensor images, NormalizationContext norms) => _encoder.Shrink(images, norms);

    (Tensor Mean, Tensor? LogVariance) IAutoencoderNetwork.EncodeAtLatents(Tensor features) =>
        (_encoder.AtLatents(features).Into(_quantConv.call), null);
}
