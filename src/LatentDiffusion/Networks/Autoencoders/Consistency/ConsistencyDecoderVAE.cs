using TorchSharp;
using static TorchSharp.torch;

namespace LatentDiffusion.Networks;

/// <summary>
/// The encoder of <see cref="AutoencoderKL"/> and a decoder that samples the image: a consistency model conditioned on the latents
/// (Betker et al. 2023, "Improving Image Generation with Better Captions"; Song et al. 2023). It decodes latents of Stable Diffusion 1.
/// The details of an image depend on the noise that decoding draws. Parameter names are the published ones.
/// </summary>
public sealed class ConsistencyDecoderVAE : nn.Module<Tensor, Tensor>, IAutoencoderNetwork
{
    // Published with the decoder: statistics of the scaled latents of its training images.
    private static readonly float[] s_means = [0.38862467f, 0.02253063f, 0.07381133f, -0.0171294f];
    private static readonly float[] s_deviations = [0.9654121f, 1.0440036f, 0.76147926f, 0.77022034f];

    [ComponentName(Name = "encoder")] private readonly AutoencoderEncoder _encoder;
    [ComponentName(Name = "decoder_unet")] private readonly ConsistencyUNet _unet;
    [ComponentName(Name = "quant_conv")] private readonly Conv2dLayer _quantConv;
    private readonly int _factor;

    /// <summary>Builds the network, initialised at random.</summary>
    /// <exception cref="NotSupportedException">The configuration asks for a block or activation that is not known.</exception>
    /// <exception cref="ArgumentException">The configuration contradicts itself.</exception>
    public ConsistencyDecoderVAE(ConsistencyDecoderVAEConfig config) : this(config, LayerFactory.Random)
    {
    }

    internal ConsistencyDecoderVAE(ConsistencyDecoderVAEConfig config, LayerFactory layers)
        : base(NativeModule.Create(nameof(ConsistencyDecoderVAE)), 0)
    {
        ArgumentNullException.ThrowIfNull(config);
        config.Check();
        CheckWords(config);
        Config = config;
        _factor = LatentLayout.FactorOf(config.EncoderBlockOutChannels.Length);
        int moments = 2 * config.LatentChannels;
        _encoder = new AutoencoderEncoder(
            new AutoencoderShape(layers, config.EncoderNormNumGroups, config.EncoderActFn), config.EncoderInChannels, moments,
            config.EncoderDownBlockTypes, config.EncoderBlockOutChannels, config.EncoderLayersPerBlock, attention: true);
        _unet = new ConsistencyUNet(config, layers);
        _quantConv = layers.Conv2d(moments, moments, 1);
        RegisterComponents();
    }

    /// <summary>The configuration it was built from.</summary>
    public ConsistencyDecoderVAEConfig Config { get; }

    bool IAutoencoderNetwork.OverflowsInHalf => Config.ForceUpcast;

    bool IAutoencoderNetwork.NormalizesLargeMaps => true;

    bool IAutoencoderNetwork.DrawsNoise => true;

    bool IAutoencoderNetwork.DecodesInParts => false;

    /// <summary>Mean and log-variance of the latents, unscaled: each [batch, latent channels, height, width].</summary>
    /// <param name="images">Pixels in [−1, 1], [batch, 3, height, width].</param>
    public (Tensor Mean, Tensor LogVariance) Encode(Tensor images)
    {
        using NetworkUse weights = NetworkUse.ToEvaluate(this);
        using DisposeScope scope = NewDisposeScope();
        (Tensor mean, Tensor logVariance) = GaussianCoder.Moments(_encoder.call(images), _quantConv);
        return scope.MoveToOuter(mean, logVariance);
    }

    /// <summary>Pixels of unscaled latents, in two evaluations of the decoder.</summary>
    /// <param name="latents">[batch, latent channels, height, width].</param>
    /// <param name="noise">The noise of each image; null for that of the seed 0 for each.</param>
    /// <param name="cancellationToken">Checked before each evaluation.</param>
    /// <exception cref="ArgumentException">The number of noise sources is not the batch size.</exception>
    public Tensor Decode(
        Tensor latents, IReadOnlyList<INoiseSource>? noise = null, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(latents);
        using NetworkUse weights = NetworkUse.ToEvaluate(this);
        using var sources = new DecodingNoise(noise, latents.shape[0]);
        using DisposeScope scope = NewDisposeScope();
        long height = latents.shape[2] * _factor, width = latents.shape[3] * _factor;
        // Sampling is in single precision, and the network in that of its weights.
        Tensor condition = nn.functional.interpolate(Normalized(latents), [height, width], mode: InterpolationMode.Nearest);
        Tensor like = empty([latents.shape[0], ConsistencyDecoding.ImageChannels, height, width], ScalarType.Float32, latents.device);
        return ConsistencyDecoding.Sample(sources.Batch, like, Predict, cancellationToken).to(latents.dtype).MoveToOuterDisposeScope();

        Tensor Predict(Tensor images, int timestep) => _unet.call(cat([images, condition], 1).to(latents.dtype), timestep)
            .narrow(1, 0, ConsistencyDecoding.ImageChannels).to(ScalarType.Float32);
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
        var latents = new LatentLayout(Config.LatentChannels, _factor, new ChannelScaling(Config.ScalingFactor));
        return new AutoencoderDescription(Config, latents, ConsistencyUNet.ValuesPerPixel(Config))
        {
            ScalingFactor = Config.ScalingFactor,
            Preview = LinearPreview.Published(Config.EncoderBlockOutChannels, Config.LatentChannels, Config.ScalingFactor, null),
        };
    }

    (Tensor Mean, Tensor? LogVariance) IAutoencoderNetwork.Encode(Tensor images) => Encode(images);

    Tensor IAutoencoderNetwork.Decode(Tensor latents) => Decode(latents);

    Tensor IAutoencoderNetwork.Decode(Tensor latents, DecodingContext context, CancellationToken cancellationToken) =>
        Decode(latents, context.Noise, cancellationToken);

    Tensor IAutoencoderNetwork.Shrink(Tensor images, NormalizationContext norms) => _encoder.Shrink(images, norms);

    (Tensor Mean, Tensor? LogVariance) IAutoencoderNetwork.EncodeAtLatents(Tensor features)
    {
        using DisposeScope scope = NewDisposeScope();
        (Tensor mean, Tensor logVariance) = GaussianCoder.Moments(_encoder.AtLatents(features), _quantConv);
        return scope.MoveToOuter(mean, logVariance);
    }

    /// <summary>Scaled latents with mean 0 and deviation 1, in single precision.</summary>
    private Tensor Normalized(Tensor latents)
    {
        using DisposeScope scope = NewDisposeScope();
        Tensor mean = tensor(s_means, [1, s_means.Length, 1, 1], device: latents.device);
        Tensor deviation = tensor(s_deviations, [1, s_deviations.Length, 1, 1], device: latents.device);
        return ((latents.to(ScalarType.Float32).Multiply(Config.ScalingFactor) - mean) / deviation).MoveToOuterDisposeScope();
    }

    private static void CheckWords(ConsistencyDecoderVAEConfig config)
    {
        Activations.ByName(config.EncoderActFn);
        foreach (string type in config.EncoderDownBlockTypes)
            ConfigRules.Known("encoder_down_block_types", type, AutoencoderBlock.PlainDown, AutoencoderBlock.AttentionDown);
        foreach (string type in config.DecoderDownBlockTypes)
            ConfigRules.Known("decoder_down_block_types", type, ConsistencyUNetBlock.Down);
        foreach (string type in config.DecoderUpBlockTypes) ConfigRules.Known("decoder_up_block_types", type, ConsistencyUNetBlock.Up);
        ConfigRules.Known("decoder_time_embedding_type", config.DecoderTimeEmbeddingType, ConsistencyUNet.LearnedTime);
        ConfigRules.Known("decoder_resnet_time_scale_shift", config.DecoderResnetTimeScaleShift, ConsistencyUNet.ScaleShift, "default");
        ConfigRules.Unset("decoder_add_attention", !config.DecoderAddAttention, config.DecoderAddAttention);
        ConfigRules.Unset("encoder_double_z", config.EncoderDoubleZ, config.EncoderDoubleZ);
    }
}
