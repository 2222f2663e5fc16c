using System.Collections.Immutable;
using static TorchSharp.torch;

namespace LatentDiffusion.Networks;

/// <summary>Configuration of <see cref="AutoencoderKLFlux2"/>, with the names and defaults of the published <c>config.json</c>.</summary>
public sealed record AutoencoderKLFlux2Config : NetworkConfig
{
    /// <summary>Channels of the images read. Default 3.</summary>
    public int InChannels { get; init; } = 3;

    /// <summary>Channels of the images written. Default 3.</summary>
    public int OutChannels { get; init; } = 3;

    /// <summary>One <c>DownEncoderBlock2D</c> or <c>AttnDownEncoderBlock2D</c> a resolution. Default four plain ones.</summary>
    public ImmutableArray<string> DownBlockTypes { get; init; } = [.. Enumerable.Repeat(AutoencoderBlock.PlainDown, 4)];

    /// <summary>One <c>UpDecoderBlock2D</c> or <c>AttnUpDecoderBlock2D</c> a resolution. Default four plain ones.</summary>
    public ImmutableArray<string> UpBlockTypes { get; init; } = [.. Enumerable.Repeat(AutoencoderBlock.PlainUp, 4)];

    /// <summary>Channels at each resolution, from the highest. Default 128, 256, 512 and 512.</summary>
    public ImmutableArray<int> BlockOutChannels { get; init; } = [128, 256, 512, 512];

    /// <summary>
    /// The decoder's channels where they differ, from the highest resolution; null, the default, for those of the encoder.
    /// </summary>
    public ImmutableArray<int>? DecoderBlockOutChannels { get; init; }

    /// <summary>Residual blocks a resolution in the encoder; the decoder has one more. Default 2.</summary>
    public int LayersPerBlock { get; init; } = 2;

    /// <summary>Activation. Default <c>silu</c>.</summary>
    public string ActFn { get; init; } = "silu";

    /// <summary>Latent channels of the network, before patches. Default 32.</summary>
    public int LatentChannels { get; init; } = 32;

    /// <summary>Groups of the normalisations. Default 32.</summary>
    public int NormNumGroups { get; init; } = 32;

    /// <summary>Image size trained on, in pixels. Informative. Default 1024.</summary>
    public PerBlock<int> SampleSize { get; init; } = 1024;

    /// <summary>Whether half precision overflows in this autoencoder, so that it runs in float32. Default true.</summary>
    public bool ForceUpcast { get; init; } = true;

    /// <summary>Whether a 1x1 convolution follows the encoder. Default true.</summary>
    public bool UseQuantConv { get; init; } = true;

    /// <summary>Whether a 1x1 convolution precedes the decoder. Default true.</summary>
    public bool UsePostQuantConv { get; init; } = true;

    /// <summary>Whether the middle has self-attention. Default true.</summary>
    public bool MidBlockAddAttention { get; init; } = true;

    /// <summary>Added to the variance of the normalisation of patches. Default 0.0001.</summary>
    public double BatchNormEps { get; init; } = 1e-4;

    /// <summary>How fast the statistics followed in training. Informative. Default 0.1.</summary>
    public double BatchNormMomentum { get; init; } = 0.1;

    /// <summary>Height and width in latents of the patch that becomes one vector; both the same. Default 2 and 2.</summary>
    public ImmutableArray<int> PatchSize { get; init; } = [2, 2];

    /// <summary>The decoder's channels.</summary>
    internal ImmutableArray<int> DecoderChannels => DecoderBlockOutChannels ?? BlockOutChannels;

    /// <summary>Reads a configuration.</summary>
    /// <exception cref="InvalidDataException">The text is not such a configuration, or its options contradict each other.</exception>
    /// <exception cref="NotSupportedException">It is the configuration of another class; the message names it.</exception>
    public static AutoencoderKLFlux2Config FromJson(string json) =>
        ModelConfigJson.Read<AutoencoderKLFlux2Config>(json, nameof(AutoencoderKLFlux2));

    /// <inheritdoc/>
    protected internal override void Check()
    {
        AutoencoderRules.CheckValues(DownBlockTypes, UpBlockTypes, BlockOutChannels, LayersPerBlock, NormNumGroups);
        AutoencoderRules.CheckValues(DownBlockTypes, UpBlockTypes, DecoderChannels, LayersPerBlock, NormNumGroups);
        ConfigRules.Positive("in_channels", InChannels);
        ConfigRules.Positive("out_channels", OutChannels);
        ConfigRules.Positive("latent_channels", LatentChannels);
        ConfigRules.Factor("batch_norm_eps", BatchNormEps);
        if (PatchSize.IsDefault || PatchSize.Length != 2 || PatchSize[0] != PatchSize[1])
            throw new ArgumentException("patch_size is not two equal numbers.");
        ConfigRules.Range("patch_size", 1, 16, PatchSize[0]);
    }

    /// <summary>Builds the network, initialised at random.</summary>
    public AutoencoderKLFlux2 Build() => new(this);

    /// <inheritdoc cref="UNet2DConditionConfig.BuildUninitialized"/>
    public AutoencoderKLFlux2 BuildUninitialized(Device? device = null, ScalarType type = ScalarType.Float32) =>
        new(this, LayerFactory.Uninitialized(device, type));
}
