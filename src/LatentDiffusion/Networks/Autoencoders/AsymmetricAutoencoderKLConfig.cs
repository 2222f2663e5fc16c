using System.Collections.Immutable;
using static TorchSharp.torch;

namespace LatentDiffusion.Networks;

/// <summary>
/// Configuration of <see cref="AsymmetricAutoencoderKL"/>, with the names and defaults of the published <c>config.json</c>.
/// </summary>
public sealed record AsymmetricAutoencoderKLConfig : NetworkConfig
{
    /// <summary>Channels of the images read. Default 3.</summary>
    public int InChannels { get; init; } = 3;

    /// <summary>Channels of the images written, which are also those of the masked image. Default 3.</summary>
    public int OutChannels { get; init; } = 3;

    /// <inheritdoc cref="AutoencoderKLConfig.DownBlockTypes"/>
    public ImmutableArray<string> DownBlockTypes { get; init; } = ["DownEncoderBlock2D"];

    /// <summary>The encoder's channels at each resolution, from the highest.</summary>
    public ImmutableArray<int> DownBlockOutChannels { get; init; } = [64];

    /// <summary>Residual blocks a resolution in the encoder. Default 1.</summary>
    public int LayersPerDownBlock { get; init; } = 1;

    /// <inheritdoc cref="AutoencoderKLConfig.UpBlockTypes"/>
    public ImmutableArray<string> UpBlockTypes { get; init; } = ["UpDecoderBlock2D"];

    /// <summary>
    /// The decoder's channels at each resolution, from the highest; as many as the encoder's, at most 4. Each is twice the one before,
    /// up to the last, so that the features of the masked image fit.
    /// </summary>
    public ImmutableArray<int> UpBlockOutChannels { get; init; } = [64];

    /// <summary>Residual blocks a resolution in the decoder, less one. Default 1.</summary>
    public int LayersPerUpBlock { get; init; } = 1;

    /// <inheritdoc cref="AutoencoderKLConfig.ActFn"/>
    public string ActFn { get; init; } = "silu";

    /// <inheritdoc cref="AutoencoderKLConfig.LatentChannels"/>
    public int LatentChannels { get; init; } = 4;

    /// <inheritdoc cref="AutoencoderKLConfig.NormNumGroups"/>
    public int NormNumGroups { get; init; } = 32;

    /// <inheritdoc cref="AutoencoderKLConfig.SampleSize"/>
    public PerBlock<int> SampleSize { get; init; } = 32;

    /// <inheritdoc cref="AutoencoderKLConfig.ScalingFactor"/>
    public double ScalingFactor { get; init; } = 0.18215;

    /// <summary>Whether half precision overflows in this autoencoder, so that it runs in float32. Default false.</summary>
    public bool ForceUpcast { get; init; }

    /// <summary>The decoder's channels once more, as files repeat them. Informative.</summary>
    public ImmutableArray<int>? BlockOutChannels { get; init; }

    /// <summary>Reads a configuration.</summary>
    /// <exception cref="InvalidDataException">The text is not such a configuration, or its options contradict each other.</exception>
    /// <exception cref="NotSupportedException">It is the configuration of another class; the message names it.</exception>
    public static AsymmetricAutoencoderKLConfig FromJson(string json) =>
        ModelConfigJson.Read<AsymmetricAutoencoderKLConfig>(json, nameof(AsymmetricAutoencoderKL));

    /// <inheritdoc/>
    protected internal override void Check()
    {
        AutoencoderRules.CheckHalf(
            AutoencoderHalfOptions.AsymmetricEncoder, DownBlockTypes, DownBlockOutChannels, LayersPerDownBlock, NormNumGroups);
        AutoencoderRules.CheckHalf(
            AutoencoderHalfOptions.AsymmetricDecoder, UpBlockTypes, UpBlockOutChannels, LayersPerUpBlock, NormNumGroups);
        if (DownBlockOutChannels.Length != UpBlockOutChannels.Length)
        {
            throw new ArgumentException(
                $"down_block_out_channels lists {DownBlockOutChannels.Length} resolutions and up_block_out_channels "
                + $"{UpBlockOutChannels.Length}; they must agree.");
        }

        if (!MaskConditionEncoder.Fits(UpBlockOutChannels))
        {
            throw new ArgumentException(
                $"up_block_out_channels is {string.Join(", ", UpBlockOutChannels)}; expected at most 4 numbers, each twice the one before "
                + "but not above the last: the channels of the masked image's features.");
        }

        ConfigRules.Positive("in_channels", InChannels);
        // The masked image has the channels of the images written, and is one of those read.
        ConfigRules.Range("out_channels", InChannels, InChannels, OutChannels);
        ConfigRules.Positive("latent_channels", LatentChannels);
        ConfigRules.Factor("scaling_factor", ScalingFactor);
    }

    /// <summary>Builds the network, initialised at random.</summary>
    public AsymmetricAutoencoderKL Build() => new(this);

    /// <inheritdoc cref="UNet2DConditionConfig.BuildUninitialized"/>
    public AsymmetricAutoencoderKL BuildUninitialized(Device? device = null, ScalarType type = ScalarType.Float32) =>
        new(this, LayerFactory.Uninitialized(device, type));
}
