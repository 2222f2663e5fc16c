using System.Collections.Immutable;
using static TorchSharp.torch;

namespace LatentDiffusion.Networks;

/// <summary>
/// Configuration of <see cref="ConsistencyDecoderVAE"/>, with the names and defaults of the published <c>config.json</c>.
/// </summary>
public sealed record ConsistencyDecoderVAEConfig : NetworkConfig
{
    /// <summary>The published decoder normalises latents by the statistics of these.</summary>
    private const int Latents = 4;

    /// <inheritdoc cref="AutoencoderKLConfig.ScalingFactor"/>
    public double ScalingFactor { get; init; } = 0.18215;

    /// <summary>Latent channels. Always 4.</summary>
    public int LatentChannels { get; init; } = Latents;

    /// <inheritdoc cref="AutoencoderKLConfig.SampleSize"/>
    public PerBlock<int> SampleSize { get; init; } = 32;

    /// <summary>Activation of the encoder. Default <c>silu</c>.</summary>
    public string EncoderActFn { get; init; } = "silu";

    /// <summary>The encoder's channels at each resolution, from the highest.</summary>
    public ImmutableArray<int> EncoderBlockOutChannels { get; init; } = [128, 256, 512, 512];

    /// <summary>Whether the encoder gives mean and log-variance. Always true.</summary>
    public bool EncoderDoubleZ { get; init; } = true;

    /// <inheritdoc cref="AutoencoderKLConfig.DownBlockTypes"/>
    public ImmutableArray<string> EncoderDownBlockTypes { get; init; } =
        [.. Enumerable.Repeat(AutoencoderBlock.PlainDown, 4)];

    /// <summary>Channels of the images read. Default 3.</summary>
    public int EncoderInChannels { get; init; } = 3;

    /// <summary>Residual blocks a resolution in the encoder. Default 2.</summary>
    public int EncoderLayersPerBlock { get; init; } = 2;

    /// <summary>Groups of the encoder's normalisations. Default 32.</summary>
    public int EncoderNormNumGroups { get; init; } = 32;

    /// <summary>Channels of the encoder's mean: <see cref="LatentChannels"/>.</summary>
    public int EncoderOutChannels { get; init; } = Latents;

    /// <summary>Whether the middle of the decoder's U-Net has self-attention. Always false, as published.</summary>
    public bool DecoderAddAttention { get; init; }

    /// <summary>Channels of the decoder's U-Net at each resolution, from that of the image; at most as many as the encoder has.</summary>
    public ImmutableArray<int> DecoderBlockOutChannels { get; init; } = [320, 640, 1024, 1024];

    /// <summary>One <c>ResnetDownsampleBlock2D</c> a resolution.</summary>
    public ImmutableArray<string> DecoderDownBlockTypes { get; init; } = [.. Enumerable.Repeat(ConsistencyUNetBlock.Down, 4)];

    /// <summary>Padding of convolutions that halve the size, which these blocks do not have. Informative.</summary>
    public int DecoderDownsamplePadding { get; init; } = 1;

    /// <summary>Channels that the U-Net reads: the noisy image's 3 and the latents'. Default 7.</summary>
    public int DecoderInChannels { get; init; } = 7;

    /// <summary>Residual blocks a resolution on the U-Net's way down; its way up has one more. Default 3.</summary>
    public int DecoderLayersPerBlock { get; init; } = 3;

    /// <summary>Epsilon of the U-Net's normalisations. Default 0.00001.</summary>
    public double DecoderNormEps { get; init; } = 1e-5;

    /// <summary>Groups of the U-Net's normalisations. Default 32.</summary>
    public int DecoderNormNumGroups { get; init; } = 32;

    /// <summary>Timesteps that the U-Net has embeddings of, at least 1009. Default 1024.</summary>
    public int DecoderNumTrainTimesteps { get; init; } = ConsistencyDecoding.TrainingTimesteps;

    /// <summary>Channels that the U-Net gives, of which the first 3 are used. Default 6.</summary>
    public int DecoderOutChannels { get; init; } = 6;

    /// <summary>
    /// How residual blocks read the timestep: <c>scale_shift</c>, or <c>default</c> for a sum. Default <c>scale_shift</c>.
    /// </summary>
    public string DecoderResnetTimeScaleShift { get; init; } = ConsistencyUNet.ScaleShift;

    /// <summary>How timesteps are embedded. Always <c>learned</c>.</summary>
    public string DecoderTimeEmbeddingType { get; init; } = ConsistencyUNet.LearnedTime;

    /// <summary>One <c>ResnetUpsampleBlock2D</c> a resolution.</summary>
    public ImmutableArray<string> DecoderUpBlockTypes { get; init; } = [.. Enumerable.Repeat(ConsistencyUNetBlock.Up, 4)];

    /// <summary>The encoder's channels once more, as files repeat them. Informative.</summary>
    public ImmutableArray<int>? BlockOutChannels { get; init; }

    /// <summary>Whether half precision overflows in this autoencoder, so that it runs in float32. Default false.</summary>
    public bool ForceUpcast { get; init; }

    /// <summary>Reads a configuration.</summary>
    /// <exception cref="InvalidDataException">The text is not such a configuration, or its options contradict each other.</exception>
    /// <exception cref="NotSupportedException">It is the configuration of another class; the message names it.</exception>
    public static ConsistencyDecoderVAEConfig FromJson(string json) =>
        ModelConfigJson.Read<ConsistencyDecoderVAEConfig>(json, nameof(ConsistencyDecoderVAE));

    /// <inheritdoc/>
    protected internal override void Check()
    {
        AutoencoderRules.CheckHalf(
            AutoencoderHalfOptions.ConsistencyEncoder, EncoderDownBlockTypes, EncoderBlockOutChannels, EncoderLayersPerBlock,
            EncoderNormNumGroups);
        AutoencoderRules.CheckHalf(
            AutoencoderHalfOptions.ConsistencyDecoder, DecoderDownBlockTypes, DecoderBlockOutChannels, DecoderLayersPerBlock,
            DecoderNormNumGroups);
        if (DecoderUpBlockTypes.Length != DecoderBlockOutChannels.Length || DecoderBlockOutChannels.Length > EncoderBlockOutChannels.Length)
        {
            throw new ArgumentException(
                $"decoder_block_out_channels lists {DecoderBlockOutChannels.Length} resolutions, decoder_up_block_types "
                + $"{DecoderUpBlockTypes.Length} and encoder_block_out_channels {EncoderBlockOutChannels.Length}; the first two must agree "
                + "and not be above the third.");
        }

        ConfigRules.Range("latent_channels", Latents, Latents, LatentChannels);
        ConfigRules.Range("encoder_out_channels", Latents, Latents, EncoderOutChannels);
        ConfigRules.Positive("encoder_in_channels", EncoderInChannels);
        ConfigRules.Range(
            "decoder_in_channels", ConsistencyDecoding.ImageChannels + Latents, ConsistencyDecoding.ImageChannels + Latents,
            DecoderInChannels);
        ConfigRules.Range("decoder_out_channels", ConsistencyDecoding.ImageChannels, ConfigRules.Largest, DecoderOutChannels);
        ConfigRules.Range(
            "decoder_num_train_timesteps", ConsistencyDecoding.Timesteps[0] + 1, ConfigRules.Largest, DecoderNumTrainTimesteps);
        ConfigRules.Factor("scaling_factor", ScalingFactor);
        ConfigRules.NotNegative("decoder_norm_eps", DecoderNormEps);
    }

    /// <summary>Builds the network, initialised at random.</summary>
    public ConsistencyDecoderVAE Build() => new(this);

    /// <inheritdoc cref="UNet2DConditionConfig.BuildUninitialized"/>
    public ConsistencyDecoderVAE BuildUninitialized(Device? device = null, ScalarType type = ScalarType.Float32) =>
        new(this, LayerFactory.Uninitialized(device, type));
}
