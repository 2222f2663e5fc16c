using static TorchSharp.torch;

namespace LatentDiffusion.Networks;

/// <summary>
/// A small autoencoder distilled from a large one (TAESD): plain convolutions, no attention, hundreds of times faster.
/// Parameter names are the published ones.
/// </summary>
public sealed class AutoencoderTiny : nn.Module<Tensor, Tensor>, IAutoencoderNetwork
{
    /// <summary>Latents are softly bounded to ±3 before the decoder, as it was trained.</summary>
    private const double Bound = 3;

    internal static readonly IReadOnlyDictionary<string, InterpolationMode> UpsampleModes = new Dictionary<string, InterpolationMode>
    {
        ["nearest"] = InterpolationMode.Nearest, ["bilinear"] = InterpolationMode.Bilinear, ["bicubic"] = InterpolationMode.Bicubic,
    };

    [ComponentName(Name = "encoder")] private readonly TinyCoder _encoder;
    [ComponentName(Name = "decoder")] private readonly TinyCoder _decoder;

    /// <summary>Builds the network, initialised at random.</summary>
    /// <exception cref="NotSupportedException">The configuration asks for an activation or interpolation that is not known.</exception>
    /// <exception cref="ArgumentException">The configuration contradicts itself.</exception>
    public AutoencoderTiny(AutoencoderTinyConfig config) : this(config, LayerFactory.Random)
    {
    }

    internal AutoencoderTiny(AutoencoderTinyConfig config, LayerFactory layers) : base(NativeModule.Create(nameof(AutoencoderTiny)), 0)
    {
        ArgumentNullException.ThrowIfNull(config);
        config.Check();
        ConfigRules.Known("upsample_fn", config.UpsampleFn, [.. UpsampleModes.Keys]);
        Config = config;
        _encoder = TinyCoder.Encoder(config, layers);
        _decoder = TinyCoder.Decoder(config, layers);
        RegisterComponents();
    }

    /// <summary>The configuration it was built from.</summary>
    public AutoencoderTinyConfig Config { get; }

    bool IAutoencoderNetwork.OverflowsInHalf => Config.ForceUpcast;

    // Where it has some, they are in the blocks at the size of the latents.
    bool IAutoencoderNetwork.NormalizesLargeMaps => false;

    /// <summary>Latents, unscaled: [batch, latent channels, height, width].</summary>
    /// <param name="images">Pixels in [−1, 1], [batch, 3, height, width].</param>
    public Tensor Encode(Tensor images)
    {
        ArgumentNullException.ThrowIfNull(images);
        using NetworkUse weights = NetworkUse.ToEvaluate(this);
        return ToEncoder(images).Into(_encoder.call);
    }

    /// <summary>Pixels of unscaled latents.</summary>
    /// <param name="latents">[batch, latent channels, height, width].</param>
    public Tensor Decode(Tensor latents)
    {
        ArgumentNullException.ThrowIfNull(latents);
        using NetworkUse weights = NetworkUse.ToEvaluate(this);
        return Bounded(latents).Into(_decoder.call).Into(FromDecoder);
    }

    /// <summary>Pixels to pixels.</summary>
    public override Tensor forward(Tensor images) => Encode(images).Into(Decode);

    /// <summary>Frees the weights, after the calls that read them.</summary>
    protected override void Dispose(bool disposing)
    {
        if (disposing) NetworkUse.Free(this, () => base.Dispose(disposing: true));
        else base.Dispose(disposing: false);
    }

    AutoencoderDescription IAutoencoderNetwork.Describe(double? scalingFactor)
    {
        if (scalingFactor is not null) throw new ArgumentException($"A {GetType().Name} has its own scale.", nameof(scalingFactor));
        int factor = LatentLayout.FactorOf(Config.NumEncoderBlocks.Length);
        double enlarged = Math.Pow(Config.UpsamplingScalingFactor, Config.NumDecoderBlocks.Length - 1);
        if (enlarged != factor)
            throw new NotSupportedException(
                $"The tiny autoencoder shrinks by {factor} and enlarges by {enlarged}; both must be the same.");
        var latents = new LatentLayout(Config.LatentChannels, factor, new ChannelScaling(Config.ScalingFactor, Config.ShiftFactor ?? 0));
        // Input, output and three maps between them.
        return new AutoencoderDescription(Config, latents, 5 * Config.DecoderBlockOutChannels[^1]);
    }

    (Tensor Mean, Tensor? LogVariance) IAutoencoderNetwork.Encode(Tensor images) => (Encode(images), null);

    (Tensor Features, Tensor? Modulation) IAutoencoderNetwork.DecodeAtLatents(Tensor latents) =>
        (Bounded(latents).Into(_decoder.First), null);

    Tensor IAutoencoderNetwork.Enlarge(Tensor features, NormalizationContext norms) => _decoder.Second(features).Into(FromDecoder);

    Tensor IAutoencoderNetwork.Shrink(Tensor images, NormalizationContext norms) => ToEncoder(images).Into(_encoder.First);

    (Tensor Mean, Tensor? LogVariance) IAutoencoderNetwork.EncodeAtLatents(Tensor features) => (_encoder.Second(features), null);

    private static Tensor ToEncoder(Tensor images) => images.Add(1).Into(x => x.Divide(2));

    internal static Tensor Bounded(Tensor latents) => latents.Divide(Bound).Into(tanh).Into(x => x.Multiply(Bound));

    internal static Tensor FromDecoder(Tensor pixels) => pixels.Multiply(2).Into(x => x.Add(-1));
}
