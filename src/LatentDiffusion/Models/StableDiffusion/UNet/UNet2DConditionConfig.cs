using System.Collections.Immutable;
using static TorchSharp.torch;

namespace LatentDiffusion.Models;

/// <summary>Configuration of <see cref="UNet2DConditionModel"/>, with the names and defaults of the published <c>config.json</c>.</summary>
public sealed record UNet2DConditionConfig : NetworkConfig
{
    /// <summary>Latent size of the training; null if unknown. Informative.</summary>
    public PerBlock<int>? SampleSize { get; init; }

    /// <summary>Channels taken: 4, or 9 for inpainting. Default 4.</summary>
    public int InChannels { get; init; } = 4;

    /// <summary>Channels given. Default 4; twice that for learned variances.</summary>
    public int OutChannels { get; init; } = 4;

    /// <summary>Whether the sample is mapped from [0, 1] to [−1, 1] first. Default false.</summary>
    public bool CenterInputSample { get; init; }

    /// <summary>Whether the cosines come first in the time embedding. Default true.</summary>
    public bool FlipSinToCos { get; init; } = true;

    /// <summary>Shift of the time embedding's frequencies. Default 0.</summary>
    public double FreqShift { get; init; }

    /// <summary>
    /// Blocks on the way down: <c>CrossAttnDownBlock2D</c>, <c>DownBlock2D</c>, <c>AttnDownBlock2D</c> or
    /// <c>ResnetDownsampleBlock2D</c>.
    /// </summary>
    public ImmutableArray<string> DownBlockTypes { get; init; } =
        ["CrossAttnDownBlock2D", "CrossAttnDownBlock2D", "CrossAttnDownBlock2D", "DownBlock2D"];

    /// <summary>The middle: <c>UNetMidBlock2DCrossAttn</c>, <c>UNetMidBlock2D</c> (only a residual block), or null for none.</summary>
    public string? MidBlockType { get; init; } = "UNetMidBlock2DCrossAttn";

    /// <summary>
    /// Blocks on the way up: <c>CrossAttnUpBlock2D</c>, <c>UpBlock2D</c>, <c>AttnUpBlock2D</c> or
    /// <c>ResnetUpsampleBlock2D</c>.
    /// </summary>
    public ImmutableArray<string> UpBlockTypes { get; init; } =
        ["UpBlock2D", "CrossAttnUpBlock2D", "CrossAttnUpBlock2D", "CrossAttnUpBlock2D"];

    /// <summary>Whether a block's self-attention looks at the text instead; the middle's never does. Default false.</summary>
    public PerBlock<bool> OnlyCrossAttention { get; init; } = false;

    /// <summary>The same for the middle <c>UNetMidBlock2DSimpleCrossAttn</c>, the only block that reads it; it is not supported.</summary>
    public bool? MidBlockOnlyCrossAttention { get; init; }

    /// <summary>Channels at each resolution, from the highest.</summary>
    public ImmutableArray<int> BlockOutChannels { get; init; } = [320, 640, 1280, 1280];

    /// <summary>Residual blocks at each resolution on the way down; one more on the way up. Default 2.</summary>
    public PerBlock<int> LayersPerBlock { get; init; } = 2;

    /// <summary>Padding of the downsampling convolutions. Default 1; 0 pads only below and on the right.</summary>
    public int DownsamplePadding { get; init; } = 1;

    /// <summary>The outputs of the middle's residual blocks are divided by this. Default 1.</summary>
    public double MidBlockScaleFactor { get; init; } = 1;

    /// <summary>Probability of dropping a value in training, in [0, 1). Default 0.</summary>
    public double Dropout { get; init; }

    /// <summary>Activation. Default <c>silu</c>.</summary>
    public string ActFn { get; init; } = "silu";

    /// <summary>Groups of the normalisations. Default 32.</summary>
    public int NormNumGroups { get; init; } = 32;

    /// <summary>Their epsilon. Default 1e-5.</summary>
    public double NormEps { get; init; } = 1e-5;

    /// <summary>Width of the text's hidden states. Default 1280.</summary>
    public PerBlock<int> CrossAttentionDim { get; init; } = 1280;

    /// <summary>Transformer blocks in each spatial transformer. Default 1.</summary>
    public TransformerLayers TransformerLayersPerBlock { get; init; } = 1;

    /// <summary>The same on the way up, from the lowest resolution; null for <see cref="TransformerLayersPerBlock"/> reversed.</summary>
    public TransformerLayers? ReverseTransformerLayersPerBlock { get; init; }

    /// <summary>Width of the text that is projected to <see cref="CrossAttentionDim"/> first; null for none.</summary>
    public int? EncoderHidDim { get; init; }

    /// <summary>How: <c>text_proj</c>, which null means too where <see cref="EncoderHidDim"/> is set.</summary>
    public string? EncoderHidDimType { get; init; }

    /// <summary>
    /// Number of attention heads, as the published files misname it; used where <see cref="NumAttentionHeads"/> is null.
    /// <c>AttnDownBlock2D</c> and <c>AttnUpBlock2D</c> take it literally: the width of a head. Default 8.
    /// </summary>
    public PerBlock<int> AttentionHeadDim { get; init; } = 8;

    /// <summary>Number of attention heads; null to take <see cref="AttentionHeadDim"/>.</summary>
    public PerBlock<int>? NumAttentionHeads { get; init; }

    /// <summary>Attention to two texts; true is not supported. Default false.</summary>
    public bool DualCrossAttention { get; init; }

    /// <summary>Whether spatial transformers project with linear layers instead of convolutions. Default false.</summary>
    public bool UseLinearProjection { get; init; }

    /// <summary>
    /// How class labels come in: null (a table, where <see cref="NumClassEmbeds"/> is set), <c>timestep</c>,
    /// <c>identity</c>, <c>projection</c> or <c>simple_projection</c>.
    /// </summary>
    public string? ClassEmbedType { get; init; }

    /// <summary>
    /// Added conditions: null, <c>text</c> (the text, pooled by attention) or <c>text_time</c> (SDXL: pooled text and image sizes).
    /// </summary>
    public string? AdditionEmbedType { get; init; }

    /// <summary>Width of the embedding of each of SDXL's six numbers.</summary>
    public int? AdditionTimeEmbedDim { get; init; }

    /// <summary>Number of classes; null for none.</summary>
    public int? NumClassEmbeds { get; init; }

    /// <summary>Whether attention is computed in float32 with weights of any type. Default false.</summary>
    public bool UpcastAttention { get; init; }

    /// <summary><c>default</c>: the time embedding is added; <c>scale_shift</c>: it modulates.</summary>
    public string ResnetTimeScaleShift { get; init; } = "default";

    /// <summary>
    /// Whether the time embedding reaches residual blocks without an activation. As published, <c>ResnetDownsampleBlock2D</c>
    /// and <c>ResnetUpsampleBlock2D</c> only. Default false.
    /// </summary>
    public bool ResnetSkipTimeAct { get; init; }

    /// <summary>The outputs of residual blocks are divided by this, only in the same two types of blocks. Default 1.</summary>
    public double ResnetOutScaleFactor { get; init; } = 1;

    /// <summary>
    /// Features of the timestep: <c>positional</c> (sinusoidal) or <c>fourier</c> (frequencies from the checkpoint). Default
    /// <c>positional</c>.
    /// </summary>
    public string TimeEmbeddingType { get; init; } = "positional";

    /// <summary>Width of the time embedding; null for four times the first resolution's channels (<c>fourier</c>: two).</summary>
    public int? TimeEmbeddingDim { get; init; }

    /// <summary>An activation of the whole time embedding before it goes to the blocks; null for none.</summary>
    public string? TimeEmbeddingActFn { get; init; }

    /// <summary>An activation after the time embedding's second layer; null for none.</summary>
    public string? TimestepPostAct { get; init; }

    /// <summary>Width of the guidance embedding (LCM); null for none.</summary>
    public int? TimeCondProjDim { get; init; }

    /// <summary>Size of the first convolution's kernel. Default 3.</summary>
    public int ConvInKernel { get; init; } = 3;

    /// <summary>Size of the last convolution's kernel. Default 3.</summary>
    public int ConvOutKernel { get; init; } = 3;

    /// <summary>Width of the vector that class labels are (<c>projection</c>), or of SDXL's added conditions together.</summary>
    public int? ProjectionClassEmbeddingsInputDim { get; init; }

    /// <summary>Only <c>default</c> is supported.</summary>
    public string AttentionType { get; init; } = "default";

    /// <summary>Whether class embeddings are concatenated to the time embedding instead of added. Default false.</summary>
    public bool ClassEmbeddingsConcat { get; init; }

    /// <summary>Only null is supported.</summary>
    public string? CrossAttentionNorm { get; init; }

    /// <summary>Heads of the attention that pools the text for <see cref="AdditionEmbedType"/> <c>text</c>. Default 64.</summary>
    public int AdditionEmbedTypeNumHeads { get; init; } = 64;

    /// <summary>Reads a configuration.</summary>
    /// <exception cref="InvalidDataException">The text is not such a configuration, or its options contradict each other.</exception>
    /// <exception cref="NotSupportedException">It is the configuration of another class; the message names it.</exception>
    public static UNet2DConditionConfig FromJson(string json) =>
        ModelConfigJson.Read<UNet2DConditionConfig>(json, nameof(UNet2DConditionModel));

    /// <inheritdoc/>
    protected internal override void Check() => UNetConfigRules.CheckValues(this);

    /// <summary>Builds the network, initialised at random.</summary>
    public UNet2DConditionModel Build() => new(this);

    /// <summary>Builds the network for a checkpoint to be read into: its parameters are uninitialized memory.</summary>
    /// <param name="device">Where its parameters shall be; null for the CPU. The meta device gives shapes without memory.</param>
    /// <param name="type">Their type. Default float32.</param>
    /// <exception cref="NotSupportedException">It asks for a block or option that is not known.</exception>
    /// <exception cref="ArgumentException">It contradicts itself, or describes more parameters than any such network has.</exception>
    public UNet2DConditionModel BuildUninitialized(Device? device = null, ScalarType type = ScalarType.Float32) =>
        new(this, LayerFactory.Uninitialized(device, type));
}
