using System.Collections.Immutable;

namespace LatentDiffusion;

/// <summary>Configuration of <see cref="UNet2DConditionModel"/>, with the names and defaults of the published <c>config.json</c>.</summary>
public sealed record UNet2DConditionConfig
{
    /// <summary>Latent size trained on; null where not said. Informative.</summary>
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

    /// <summary>Blocks on the way down: <c>CrossAttnDownBlock2D</c> or <c>DownBlock2D</c>.</summary>
    public ImmutableArray<string> DownBlockTypes { get; init; } = ["CrossAttnDownBlock2D", "CrossAttnDownBlock2D", "CrossAttnDownBlock2D", "DownBlock2D"];

    /// <summary>The middle: <c>UNetMidBlock2DCrossAttn</c>, or null for none.</summary>
    public string? MidBlockType { get; init; } = "UNetMidBlock2DCrossAttn";

    /// <summary>Blocks on the way up: <c>CrossAttnUpBlock2D</c> or <c>UpBlock2D</c>.</summary>
    public ImmutableArray<string> UpBlockTypes { get; init; } = ["UpBlock2D", "CrossAttnUpBlock2D", "CrossAttnUpBlock2D", "CrossAttnUpBlock2D"];

    /// <summary>Whether a block's self-attention looks at the text instead. Default false.</summary>
    public PerBlock<bool> OnlyCrossAttention { get; init; } = false;

    /// <summary>Channels at each resolution, from the highest.</summary>
    public ImmutableArray<int> BlockOutChannels { get; init; } = [320, 640, 1280, 1280];

    /// <summary>Residual blocks at each resolution on the way down; one more on the way up. Default 2.</summary>
    public PerBlock<int> LayersPerBlock { get; init; } = 2;

    /// <summary>Padding of the downsampling convolutions. Default 1.</summary>
    public int DownsamplePadding { get; init; } = 1;

    /// <summary>Probability of dropping a value in training. Default 0.</summary>
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
    public PerBlock<int> TransformerLayersPerBlock { get; init; } = 1;

    /// <summary>
    /// Number of attention heads, as the published files misname it; used where <see cref="NumAttentionHeads"/> is null. Default 8.
    /// </summary>
    public PerBlock<int> AttentionHeadDim { get; init; } = 8;

    /// <summary>Number of attention heads; null to take <see cref="AttentionHeadDim"/>.</summary>
    public PerBlock<int>? NumAttentionHeads { get; init; }

    /// <summary>Whether spatial transformers project with linear layers instead of convolutions. Default false.</summary>
    public bool UseLinearProjection { get; init; }

    /// <summary>Added conditions: null, or <c>text_time</c> (SDXL: pooled text and picture sizes).</summary>
    public string? AdditionEmbedType { get; init; }

    /// <summary>Width of the embedding of each of SDXL's six numbers.</summary>
    public int? AdditionTimeEmbedDim { get; init; }

    /// <summary>Width of SDXL's added conditions together.</summary>
    public int? ProjectionClassEmbeddingsInputDim { get; init; }

    /// <summary>Width of the guidance embedding (LCM); null for none.</summary>
    public int? TimeCondProjDim { get; init; }

    /// <summary><c>default</c>: the time embedding is added; <c>scale_shift</c>: it modulates.</summary>
    public string ResnetTimeScaleShift { get; init; } = "default";

    /// <summary>Activation of the time embedding's layers. Default <c>silu</c>.</summary>
    public string? TimestepPostAct { get; init; }

    /// <summary>Size of the first convolution's kernel. Default 3.</summary>
    public int ConvInKernel { get; init; } = 3;

    /// <summary>Size of the last convolution's kernel. Default 3.</summary>
    public int ConvOutKernel { get; init; } = 3;

    /// <summary>Whether attention is computed in float32 whatever the weights' type. Default false.</summary>
    public bool UpcastAttention { get; init; }

    /// <summary>Number of attention heads of a block, counted from the highest resolution.</summary>
    internal int Heads(int block) => (NumAttentionHeads ?? AttentionHeadDim)[block];

    /// <summary>Reads a configuration.</summary>
    /// <exception cref="InvalidDataException">The text is no such configuration.</exception>
    public static UNet2DConditionConfig FromJson(string json) => ModelConfigJson.Read<UNet2DConditionConfig>(json, nameof(UNet2DConditionModel));

    /// <summary>Builds the network, initialised at random.</summary>
    public UNet2DConditionModel Build() => new(this);
}
