using System.Collections.Immutable;
using static TorchSharp.torch;

namespace LatentDiffusion.Networks;

/// <summary>Configuration of <see cref="VQModel"/>, with the names and defaults of the published <c>config.json</c>.</summary>
public sealed record VQConfig : NetworkConfig
{
    /// <summary>Channels of the images read. Default 3.</summary>
    public int InChannels { get; init; } = 3;

    /// <summary>Channels of the images written. Default 3.</summary>
    public int OutChannels { get; init; } = 3;

    /// <inheritdoc cref="AutoencoderKLConfig.DownBlockTypes"/>
    public ImmutableArray<string> DownBlockTypes { get; init; } = ["DownEncoderBlock2D"];

    /// <inheritdoc cref="AutoencoderKLConfig.UpBlockTypes"/>
    public ImmutableArray<string> UpBlockTypes { get; init; } = ["UpDecoderBlock2D"];

    /// <inheritdoc cref="AutoencoderKLConfig.BlockOutChannels"/>
    public ImmutableArray<int> BlockOutChannels { get; init; } = [64];

    /// <inheritdoc cref="AutoencoderKLConfig.LayersPerBlock"/>
    public int LayersPerBlock { get; init; } = 1;

    /// <inheritdoc cref="AutoencoderKLConfig.ActFn"/>
    public string ActFn { get; init; } = "silu";

    /// <summary>Latent channels. Default 3.</summary>
    public int LatentChannels { get; init; } = 3;

    /// <inheritdoc cref="AutoencoderKLConfig.SampleSize"/>
    public PerBlock<int> SampleSize { get; init; } = 32;

    /// <summary>Number of vectors of the codebook. Default 256.</summary>
    public int NumVqEmbeddings { get; init; } = 256;

    /// <inheritdoc cref="AutoencoderKLConfig.NormNumGroups"/>
    public int NormNumGroups { get; init; } = 32;

    /// <summary>Width of the codebook's vectors; null for the number of latent channels.</summary>
    public int? VqEmbedDim { get; init; }

    /// <inheritdoc cref="AutoencoderKLConfig.ScalingFactor"/>
    public double ScalingFactor { get; init; } = 0.18215;

    /// <summary>
    /// Normalisation of the decoder: <c>group</c>, or <c>spatial</c> where the latents modulate it. Default <c>group</c>.
    /// </summary>
    public string NormType { get; init; } = "group";

    /// <inheritdoc cref="AutoencoderKLConfig.MidBlockAddAttention"/>
    public bool MidBlockAddAttention { get; init; } = true;

    /// <summary>
    /// Whether a denoiser of this autoencoder gives indices of the codebook, for <see cref="VQModel.DecodeIndices"/>. Default false.
    /// </summary>
    public bool LookupFromCodebook { get; init; }

    /// <inheritdoc cref="AutoencoderKLConfig.ForceUpcast"/>
    public bool ForceUpcast { get; init; }

    /// <summary>Reads a configuration.</summary>
    /// <exception cref="InvalidDataException">The text is not such a configuration, or its options contradict each other.</exception>
    /// <exception cref="NotSupportedException">It is the configuration of another class; the message names it.</exception>
    public static VQConfig FromJson(string json) => ModelConfigJson.Read<VQConfig>(json, nameof(VQModel));

    /// <inheritdoc/>
    protected internal override void Check()
    {
        AutoencoderRules.CheckValues(DownBlockTypes, UpBlockTypes, BlockOutChannels, LayersPerBlock, NormNumGroups);
        ConfigRules.Positive("in_channels", InChannels);
        ConfigRules.Positive("out_channels", OutChannels);
        ConfigRules.Positive("latent_channels", LatentChannels);
        ConfigRules.Range("num_vq_embeddings", 1, 1 << 24, NumVqEmbeddings);
        ConfigRules.Positive("vq_embed_dim", VqEmbedDim);
        ConfigRules.Factor("scaling_factor", ScalingFactor);
        if (NormType == "spatial" && (VqEmbedDim ?? LatentChannels) != LatentChannels)
            throw new ArgumentException(
                $"vq_embed_dim is {VqEmbedDim} and latent_channels {LatentChannels}; with norm_type 'spatial' they must agree.");
    }

    /// <summary>Builds the network, initialised at random.</summary>
    public VQModel Build() => new(this);

    /// <inheritdoc cref="UNet2DConditionConfig.BuildUninitialized"/>
    public VQModel BuildUninitialized(Device? device = null, ScalarType type = ScalarType.Float32) =>
        new(this, LayerFactory.Uninitialized(device, type));
}
