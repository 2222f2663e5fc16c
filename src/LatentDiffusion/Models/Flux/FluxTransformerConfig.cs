using System.Collections.Immutable;
using static TorchSharp.torch;

namespace LatentDiffusion.Models;

/// <summary>Configuration of <see cref="FluxTransformer2DModel"/>, with the published names and defaults.</summary>
public sealed record FluxTransformerConfig : NetworkConfig
{
    /// <summary>Informative: latents are packed in patches of 2 × 2 before the network. Default 1.</summary>
    public int PatchSize { get; init; } = 1;

    /// <summary>Channels of a token: four times those of the latents. Default 64.</summary>
    public int InChannels { get; init; } = 64;

    /// <summary>Channels of a predicted token; null, the default, for <see cref="InChannels"/>.</summary>
    public int? OutChannels { get; init; }

    /// <summary>Blocks over two streams. Default 19.</summary>
    public int NumLayers { get; init; } = 19;

    /// <summary>Blocks over one stream. Default 38.</summary>
    public int NumSingleLayers { get; init; } = 38;

    /// <summary>Channels of an attention head. Default 128.</summary>
    public int AttentionHeadDim { get; init; } = 128;

    /// <summary>Number of attention heads. Default 24.</summary>
    public int NumAttentionHeads { get; init; } = 24;

    /// <summary>Width of the text's hidden states. Default 4096.</summary>
    public int JointAttentionDim { get; init; } = 4096;

    /// <summary>Width of the pooled text. Default 768.</summary>
    public int PooledProjectionDim { get; init; } = 768;

    /// <summary>Whether the network reads the guidance scale (FLUX.1 dev). Default false.</summary>
    public bool GuidanceEmbeds { get; init; }

    /// <summary>Channels of a head for each axis of positions, together <see cref="AttentionHeadDim"/>. Default 16, 56 and 56.</summary>
    public ImmutableArray<int> AxesDimsRope { get; init; } = [16, 56, 56];

    /// <summary>Width of the tokens within the network.</summary>
    internal int Width => NumAttentionHeads * AttentionHeadDim;

    /// <summary>Reads a configuration.</summary>
    /// <exception cref="InvalidDataException">The text is not such a configuration, or its options contradict each other.</exception>
    /// <exception cref="NotSupportedException">It is the configuration of another class; the message names it.</exception>
    public static FluxTransformerConfig FromJson(string json) =>
        ModelConfigJson.Read<FluxTransformerConfig>(json, nameof(FluxTransformer2DModel));

    /// <summary>Builds the network, initialised at random.</summary>
    public FluxTransformer2DModel Build() => new(this);

    /// <inheritdoc cref="UNet2DConditionConfig.BuildUninitialized"/>
    public FluxTransformer2DModel BuildUninitialized(Device? device = null, ScalarType type = ScalarType.Float32) =>
        new(this, LayerFactory.Uninitialized(device, type));

    /// <inheritdoc/>
    protected internal override void Check()
    {
        ConfigRules.Positive(
            "in_channels, attention_head_dim, num_attention_heads, joint_attention_dim or pooled_projection_dim",
            InChannels, AttentionHeadDim, NumAttentionHeads, JointAttentionDim, PooledProjectionDim);
        ConfigRules.Positive("out_channels", OutChannels);
        TransformerRules.CheckBlocks("num_layers", NumLayers);
        TransformerRules.CheckBlocks("num_single_layers", NumSingleLayers);
        TransformerRules.CheckAxes("axes_dims_rope", AxesDimsRope, 3, AttentionHeadDim);
    }
}
