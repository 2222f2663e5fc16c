using System.Collections.Immutable;
using static TorchSharp.torch;

namespace LatentDiffusion.Networks;

/// <summary>Configuration of <see cref="AutoencoderKL"/>, with the names and defaults of the published <c>config.json</c>.</summary>
public sealed record AutoencoderKLConfig : NetworkConfig
{
    /// <summary>Channels of the images read. Default 3.</summary>
    public int InChannels { get; init; } = 3;

    /// <summary>Channels of the images written. Default 3.</summary>
    public int OutChannels { get; init; } = 3;

    /// <summary>One <c>DownEncoderBlock2D</c> or <c>AttnDownEncoderBlock2D</c> a resolution.</summary>
    public ImmutableArray<string> DownBlockTypes { get; init; } = ["DownEncoderBlock2D"];

    /// <summary>One <c>UpDecoderBlock2D</c> or <c>AttnUpDecoderBlock2D</c> a resolution.</summary>
    public ImmutableArray<string> UpBlockTypes { get; init; } = ["UpDecoderBlock2D"];

    /// <summary>Channels at each resolution, from the highest; each but the last is halved in size on the way down.</summary>
    public ImmutableArray<int> BlockOutChannels { get; init; } = [64];

    /// <summary>Residual blocks a resolution in the encoder; the decoder has one more. Default 1.</summary>
    public int LayersPerBlock { get; init; } = 1;

    /// <summary>Activation. Default <c>silu</c>.</summary>
    public string ActFn { get; init; } = "silu";

    /// <summary>Latent channels. Default 4.</summary>
    public int LatentChannels { get; init; } = 4;

    /// <summary>Groups of the normalisations. Default 32.</summary>
    public int NormNumGroups { get; init; } = 32;

    /// <summary>Image size trained on, in pixels. Informative.</summary>
    public PerBlock<int> SampleSize { get; init; } = 32;

    /// <summary>
    /// Latents are multiplied by this to have a standard deviation of about 1 (Rombach et al. 2022, appendix D.1). Default 0.18215.
    /// </summary>
    public double ScalingFactor { get; init; } = 0.18215;

    /// <summary>Subtracted from latents before scaling; null for none.</summary>
    public double? ShiftFactor { get; init; }

    /// <summary>Means of the latent channels, for models that normalise by channel; null otherwise.</summary>
    public ImmutableArray<double>? LatentsMean { get; init; }

    /// <summary>Standard deviations of the latent channels; null where not used.</summary>
    public ImmutableArray<double>? LatentsStd { get; init; }

    /// <summary>Whether half precision overflows in this autoencoder, so that it runs in float32. Default true.</summary>
    public bool ForceUpcast { get; init; } = true;

    /// <summary>Whether a 1x1 convolution follows the encoder. Default true.</summary>
    public bool UseQuantConv { get; init; } = true;

    /// <summary>Whether a 1x1 convolution precedes the decoder. Default true.</summary>
    public bool UsePostQuantConv { get; init; } = true;

    /// <summary>Whether the middle has self-attention. Default true.</summary>
    public bool MidBlockAddAttention { get; init; } = true;

    /// <summary>Reads a configuration.</summary>
    /// <exception cref="InvalidDataException">The text is not such a configuration, or its options contradict each other.</exception>
    /// <exception cref="NotSupportedException">It is the configuration of another class; the message names it.</exception>
    public static AutoencoderKLConfig FromJson(string json) => ModelConfigJson.Read<AutoencoderKLConfig>(json, nameof(AutoencoderKL));

    /// <inheritdoc/>
    protected internal override void Check()
    {
        AutoencoderRules.CheckValues(DownBlockTypes, UpBlockTypes, BlockOutChannels, LayersPerBlock, NormNumGroups);
        ConfigRules.Positive("in_channels", InChannels);
        ConfigRules.Positive("out_channels", OutChannels);
        ConfigRules.Positive("latent_channels", LatentChannels);
        ConfigRules.Factor("scaling_factor", ScalingFactor);
        AutoencoderRules.CheckByChannel("latents_mean", LatentsMean, LatentChannels);
        AutoencoderRules.CheckByChannel("latents_std", LatentsStd, LatentChannels);
    }

    /// <summary>Builds the network, initialised at random.</summary>
    public AutoencoderKL Build() => new(this);

    /// <inheritdoc cref="UNet2DConditionConfig.BuildUninitialized"/>
    public AutoencoderKL BuildUninitialized(Device? device = null, ScalarType type = ScalarType.Float32) =>
        new(this, LayerFactory.Uninitialized(device, type));
}
