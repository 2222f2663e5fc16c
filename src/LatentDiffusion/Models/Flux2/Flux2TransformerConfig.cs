using System.Collections.Immutable;
using static TorchSharp.torch;

namespace LatentDiffusion.Models;

/// <summary>Configuration of <see cref="Flux2Transformer2DModel"/>, with the published names and defaults.</summary>
public sealed record Flux2TransformerConfig : NetworkConfig
{
    /// <summary>Informative: the autoencoder's latents are patches already. Default 1.</summary>
    public int PatchSize { get; init; } = 1;

    /// <summary>Channels of a token, which are those of the patched latents. Default 128.</summary>
    public int InChannels { get; init; } = 128;

    /// <summary>Channels of a predicted token; null, the default, for <see cref="InChannels"/>.</summary>
    public int? OutChannels { get; init; }

    /// <summary>Blocks over two streams. Default 8.</summary>
    public int NumLayers { get; init; } = 8;

    /// <summary>Blocks over one stream. Default 48.</summary>
    public int NumSingleLayers { get; init; } = 48;

    /// <summary>Channels of an attention head. Default 128.</summary>
    public int AttentionHeadDim { get; init; } = 128;

    /// <summary>Number of attention heads. Default 48.</summary>
    public int NumAttentionHeads { get; init; } = 48;

    /// <summary>Width of the text's hidden states. Default 15360.</summary>
    public int JointAttentionDim { get; init; } = 15360;

    /// <summary>Features of the timestep and of the guidance scale. Default 256.</summary>
    public int TimestepGuidanceChannels { get; init; } = 256;

    /// <summary>Width of a feed-forward as a multiple of the tokens' width. Default 3.</summary>
    public double MlpRatio { get; init; } = 3;

    /// <summary>Channels of a head for each axis of positions, together <see cref="AttentionHeadDim"/>. Default four times 32.</summary>
    public ImmutableArray<int> AxesDimsRope { get; init; } = [32, 32, 32, 32];

    /// <summary>Base of the rotary frequencies. Default 2000.</summary>
    public double RopeTheta { get; init; } = 2000;

    /// <summary>Added to the variance of the normalisations. Default 1e-6.</summary>
    public double Eps { get; init; } = 1e-6;

    /// <summary>Whether the network reads the guidance scale (FLUX.2 dev). Default true.</summary>
    public bool GuidanceEmbeds { get; init; } = true;

    /// <summary>Width of the tokens within the network.</summary>
    internal int Width => NumAttentionHeads * AttentionHeadDim;

    /// <summary>Width of a feed-forward.</summary>
    internal int FeedForwardWidth => (int)(Width * MlpRatio);

    /// <summary>Reads a configuration.</summary>
    /// <exception cref="InvalidDataException">The text is not such a configuration, or its options contradict each other.</exception>
    /// <exception cref="NotSupportedException">It is the configuration of another class; the message names it.</exception>
    public static Flux2TransformerConfig FromJson(string json) =>
        ModelConfigJson.Read<Flux2TransformerConfig>(json, nameof(Flux2Transformer2DModel));

    /// <summary>Builds the network, initialised at random.</summary>
    public Flux2Transformer2DModel Build() => new(this);

    /// <inheritdoc cref="UNet2DConditionConfig.BuildUninitialized"/>
    public Flux2Transformer2DModel BuildUninitialized(Device? device = null, ScalarType type = ScalarType.Float32) =>
        new(this, LayerFactory.Uninitialized(device, type));

    /// <inheritdoc/>
    protected internal override void Check()
    {
        const double MostRatio = 64;
        ConfigRules.Positive(
            "in_channels, attention_head_dim, num_attention_heads, joint_attention_dim or timestep_guidance_channels",
            InChannels, AttentionHeadDim, NumAttentionHeads, JointAttentionDim, TimestepGuidanceChannels);
        ConfigRules.Positive("out_channels", OutChannels);
        if (!(MlpRatio > 0 && MlpRatio <= MostRatio))
            throw new ArgumentException($"mlp_ratio is {MlpRatio}; expected a number above 0 and up to {MostRatio}.");
        ConfigRules.Factor("rope_theta", RopeTheta);
        ConfigRules.NotNegative("eps", Eps);
        TransformerRules.CheckBlocks("num_layers", NumLayers);
        TransformerRules.CheckBlocks("num_single_layers", NumSingleLayers);
        TransformerRules.CheckAxes("axes_dims_rope", AxesDimsRope, 4, AttentionHeadDim);
    }
}
