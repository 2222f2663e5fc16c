using System.Collections.Immutable;
using static TorchSharp.torch;

namespace LatentDiffusion.Models;

/// <summary>
/// Configuration of <see cref="SD3Transformer2DModel"/>, with the names and defaults of the published <c>config.json</c>.
/// </summary>
public sealed record SD3TransformerConfig : NetworkConfig
{
    private const string RmsNorm = "rms_norm";

    /// <summary>Height and width in latents of the images that it was trained on. Default 128.</summary>
    public int SampleSize { get; init; } = 128;

    /// <summary>Side in latents of the patch that is one token. Default 2.</summary>
    public int PatchSize { get; init; } = 2;

    /// <summary>Channels of the latents. Default 16.</summary>
    public int InChannels { get; init; } = 16;

    /// <summary>Channels of the prediction. Default 16.</summary>
    public int OutChannels { get; init; } = 16;

    /// <summary>Number of blocks; the text stream ends in the last one. Default 18.</summary>
    public int NumLayers { get; init; } = 18;

    /// <summary>Channels of an attention head. Default 64.</summary>
    public int AttentionHeadDim { get; init; } = 64;

    /// <summary>Number of attention heads. Default 18.</summary>
    public int NumAttentionHeads { get; init; } = 18;

    /// <summary>Width of the text's hidden states. Default 4096.</summary>
    public int JointAttentionDim { get; init; } = 4096;

    /// <summary>Width of the text within the network: heads times the channels of a head. Default 1152.</summary>
    public int CaptionProjectionDim { get; init; } = 1152;

    /// <summary>Width of the pooled text. Default 2048.</summary>
    public int PooledProjectionDim { get; init; } = 2048;

    /// <summary>Side in tokens of the table of positions, from whose middle an image takes its part. Default 96.</summary>
    public int PosEmbedMaxSize { get; init; } = 96;

    /// <summary>Indices of the blocks whose image also attends to itself only (3.5 medium). Default none.</summary>
    public ImmutableArray<int> DualAttentionLayers { get; init; } = [];

    /// <summary>
    /// <c>rms_norm</c> where queries and keys are normalised by their root mean square (3.5); null, the default, otherwise.
    /// </summary>
    public string? QkNorm { get; init; }

    /// <summary>Width of the tokens within the network.</summary>
    internal int Width => NumAttentionHeads * AttentionHeadDim;

    /// <summary>Whether queries and keys are normalised.</summary>
    internal bool NormalizesQueriesAndKeys => QkNorm is not null;

    /// <summary>Reads a configuration.</summary>
    /// <exception cref="InvalidDataException">The text is not such a configuration, or its options contradict each other.</exception>
    /// <exception cref="NotSupportedException">It is the configuration of another class; the message names it.</exception>
    public static SD3TransformerConfig FromJson(string json) =>
        ModelConfigJson.Read<SD3TransformerConfig>(json, nameof(SD3Transformer2DModel));

    /// <summary>Builds the network, initialised at random.</summary>
    public SD3Transformer2DModel Build() => new(this);

    /// <inheritdoc cref="UNet2DConditionConfig.BuildUninitialized"/>
    public SD3Transformer2DModel BuildUninitialized(Device? device = null, ScalarType type = ScalarType.Float32) =>
        new(this, LayerFactory.Uninitialized(device, type));

    /// <inheritdoc/>
    protected internal override void Check()
    {
        // Positions are a quarter of the channels each: sine and cosine of row and column.
        const int PositionParts = 4, LargestTable = 1024;
        ConfigRules.Positive("sample_size", SampleSize);
        ConfigRules.Range("patch_size", 1, 16, PatchSize);
        ConfigRules.Positive("in_channels", InChannels);
        ConfigRules.Positive("out_channels", OutChannels);
        ConfigRules.Positive("attention_head_dim", AttentionHeadDim);
        ConfigRules.Positive("num_attention_heads", NumAttentionHeads);
        ConfigRules.Positive("joint_attention_dim", JointAttentionDim);
        ConfigRules.Positive("pooled_projection_dim", PooledProjectionDim);
        ConfigRules.Range("num_layers", 1, TransformerRules.MostBlocks, NumLayers);
        ConfigRules.Range("pos_embed_max_size", 1, LargestTable, PosEmbedMaxSize);
        ConfigRules.Range("attention_head_dim times num_attention_heads", 1, ConfigRules.Largest, Width);
        ConfigRules.Divides("the four parts of a position", PositionParts, "the width of a token", Width);
        if (CaptionProjectionDim != Width)
        {
            throw new ArgumentException(
                $"caption_projection_dim is {CaptionProjectionDim}; expected attention_head_dim times num_attention_heads, {Width}.");
        }

        if (SampleSize < PatchSize) throw new ArgumentException($"sample_size is {SampleSize}; expected at least patch_size, {PatchSize}.");
        foreach (int layer in DualAttentionLayers.IsDefault ? [] : DualAttentionLayers)
        {
            if (layer < 0 || layer >= NumLayers)
                throw new ArgumentException($"dual_attention_layers names layer {layer}; expected 0 to {NumLayers - 1}.");
        }
    }

    /// <exception cref="NotSupportedException">A normalisation is not known.</exception>
    internal void CheckWords() => ConfigRules.Known("qk_norm", QkNorm, null, RmsNorm);
}
