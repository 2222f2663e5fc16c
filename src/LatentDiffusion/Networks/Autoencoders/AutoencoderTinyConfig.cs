using System.Collections.Immutable;
using static TorchSharp.torch;

namespace LatentDiffusion.Networks;

/// <summary>Configuration of <see cref="AutoencoderTiny"/>, with the names and defaults of the published <c>config.json</c>.</summary>
public sealed record AutoencoderTinyConfig : NetworkConfig
{
    /// <summary>Channels of the images read. Default 3.</summary>
    public int InChannels { get; init; } = 3;

    /// <summary>Channels of the images written. Default 3.</summary>
    public int OutChannels { get; init; } = 3;

    /// <summary>Channels of the encoder's stages, from the highest resolution; all the same.</summary>
    public ImmutableArray<int> EncoderBlockOutChannels { get; init; } = [64, 64, 64, 64];

    /// <summary>Channels of the decoder's stages, from the lowest resolution; all the same.</summary>
    public ImmutableArray<int> DecoderBlockOutChannels { get; init; } = [64, 64, 64, 64];

    /// <summary>Activation. Default <c>relu</c>.</summary>
    public string ActFn { get; init; } = "relu";

    /// <summary>How the decoder enlarges: <c>nearest</c>, <c>bilinear</c> or <c>bicubic</c>. Default <c>nearest</c>.</summary>
    public string UpsampleFn { get; init; } = "nearest";

    /// <summary>Latent channels. Default 4.</summary>
    public int LatentChannels { get; init; } = 4;

    /// <summary>How much the decoder enlarges after each stage but the last. Default 2.</summary>
    public int UpsamplingScalingFactor { get; init; } = 2;

    /// <summary>Blocks of each stage of the encoder.</summary>
    public ImmutableArray<int> NumEncoderBlocks { get; init; } = [1, 3, 3, 3];

    /// <summary>Blocks of each stage of the decoder.</summary>
    public ImmutableArray<int> NumDecoderBlocks { get; init; } = [3, 3, 3, 1];

    /// <summary>
    /// Whether the blocks at the lowest resolution have a branch with a normalisation over the whole image (TAEF2). Default false.
    /// </summary>
    public bool UseMidblockGn { get; init; }

    /// <summary>Half of the range in which latents lie, for storing them as bytes. Default 3.</summary>
    public double LatentMagnitude { get; init; } = 3;

    /// <summary>Where zero lies when latents are stored as bytes. Default 0.5.</summary>
    public double LatentShift { get; init; } = 0.5;

    /// <summary>Whether half precision overflows. Default false.</summary>
    public bool ForceUpcast { get; init; }

    /// <summary>Latents are multiplied by this. Default 1: they are those of the autoencoder that it imitates, already scaled.</summary>
    public double ScalingFactor { get; init; } = 1;

    /// <summary>Subtracted from latents before scaling; null for none.</summary>
    public double? ShiftFactor { get; init; }

    /// <summary>The decoder's channels once more, as later files repeat them. Informative.</summary>
    public ImmutableArray<int>? BlockOutChannels { get; init; }

    /// <summary>
    /// Height and width in latents of the patches that FLUX.2 denoises, for the kind of network that imitates its autoencoder; 1 for
    /// others.
    /// </summary>
    internal int DenoisedPatch => UseMidblockGn ? 2 : 1;

    /// <summary>Reads a configuration.</summary>
    /// <exception cref="InvalidDataException">The text is not such a configuration, or its options contradict each other.</exception>
    /// <exception cref="NotSupportedException">It is the configuration of another class; the message names it.</exception>
    public static AutoencoderTinyConfig FromJson(string json) => ModelConfigJson.Read<AutoencoderTinyConfig>(json, nameof(AutoencoderTiny));

    /// <inheritdoc/>
    protected internal override void Check()
    {
        CheckStages("encoder", EncoderBlockOutChannels, NumEncoderBlocks);
        CheckStages("decoder", DecoderBlockOutChannels, NumDecoderBlocks);
        ConfigRules.Positive("in_channels", InChannels);
        ConfigRules.Positive("out_channels", OutChannels);
        ConfigRules.Positive("latent_channels", LatentChannels);
        ConfigRules.Range("upsampling_scaling_factor", 1, 16, UpsamplingScalingFactor);
        ConfigRules.Factor("scaling_factor", ScalingFactor);
    }

    private static void CheckStages(string half, ImmutableArray<int> channels, ImmutableArray<int> blocks)
    {
        if (channels.IsEmpty || channels.Length != blocks.Length)
            throw new ArgumentException(
                $"{half}_block_out_channels lists {channels.Length} stages and num_{half}_blocks {blocks.Length}; they must agree.");
        ConfigRules.Positive($"{half}_block_out_channels", channels);
        ConfigRules.Range($"num_{half}_blocks", 0, 100, blocks);
        if (channels.Distinct().Count() > 1)
            throw new ArgumentException(
                $"{half}_block_out_channels does not repeat one number; no layer changes the number of channels, "
                    + "so they must be the same.");
    }

    /// <summary>Builds the network, initialised at random.</summary>
    public AutoencoderTiny Build() => new(this);

    /// <inheritdoc cref="UNet2DConditionConfig.BuildUninitialized"/>
    public AutoencoderTiny BuildUninitialized(Device? device = null, ScalarType type = ScalarType.Float32) =>
        new(this, LayerFactory.Uninitialized(device, type));
}
