using System.Collections.Immutable;
using static TorchSharp.torch;

namespace LatentDiffusion.Models;

/// <summary>
/// Configuration of <see cref="ControlNetModel"/>, with the names and defaults of the published <c>config.json</c>. What
/// the U-Net has too means the same here.
/// </summary>
public record ControlNetConfig : NetworkConfig
{
    /// <summary>Latent channels. Default 4.</summary>
    public int InChannels { get; init; } = 4;

    /// <summary>Channels of the control image. Default 3.</summary>
    public int ConditioningChannels { get; init; } = 3;

    /// <inheritdoc cref="UNet2DConditionConfig.FlipSinToCos"/>
    public bool FlipSinToCos { get; init; } = true;

    /// <inheritdoc cref="UNet2DConditionConfig.FreqShift"/>
    public double FreqShift { get; init; }

    /// <inheritdoc cref="UNet2DConditionConfig.DownBlockTypes"/>
    public ImmutableArray<string> DownBlockTypes { get; init; } =
        ["CrossAttnDownBlock2D", "CrossAttnDownBlock2D", "CrossAttnDownBlock2D", "DownBlock2D"];

    /// <summary>The middle: <c>UNetMidBlock2DCrossAttn</c> or <c>UNetMidBlock2D</c> (only a residual block).</summary>
    public string? MidBlockType { get; init; } = "UNetMidBlock2DCrossAttn";

    /// <inheritdoc cref="UNet2DConditionConfig.OnlyCrossAttention"/>
    public PerBlock<bool> OnlyCrossAttention { get; init; } = false;

    /// <inheritdoc cref="UNet2DConditionConfig.BlockOutChannels"/>
    public ImmutableArray<int> BlockOutChannels { get; init; } = [320, 640, 1280, 1280];

    /// <summary>Residual blocks at each resolution. Default 2.</summary>
    public PerBlock<int> LayersPerBlock { get; init; } = 2;

    /// <inheritdoc cref="UNet2DConditionConfig.DownsamplePadding"/>
    public int DownsamplePadding { get; init; } = 1;

    /// <inheritdoc cref="UNet2DConditionConfig.MidBlockScaleFactor"/>
    public double MidBlockScaleFactor { get; init; } = 1;

    /// <inheritdoc cref="UNet2DConditionConfig.ActFn"/>
    public string ActFn { get; init; } = "silu";

    /// <inheritdoc cref="UNet2DConditionConfig.NormNumGroups"/>
    public int NormNumGroups { get; init; } = 32;

    /// <inheritdoc cref="UNet2DConditionConfig.NormEps"/>
    public double NormEps { get; init; } = 1e-5;

    /// <inheritdoc cref="UNet2DConditionConfig.CrossAttentionDim"/>
    public PerBlock<int> CrossAttentionDim { get; init; } = 1280;

    /// <inheritdoc cref="UNet2DConditionConfig.TransformerLayersPerBlock"/>
    public TransformerLayers TransformerLayersPerBlock { get; init; } = 1;

    /// <inheritdoc cref="UNet2DConditionConfig.EncoderHidDim"/>
    public int? EncoderHidDim { get; init; }

    /// <inheritdoc cref="UNet2DConditionConfig.EncoderHidDimType"/>
    public string? EncoderHidDimType { get; init; }

    /// <inheritdoc cref="UNet2DConditionConfig.AttentionHeadDim"/>
    public PerBlock<int> AttentionHeadDim { get; init; } = 8;

    /// <inheritdoc cref="UNet2DConditionConfig.NumAttentionHeads"/>
    public PerBlock<int>? NumAttentionHeads { get; init; }

    /// <inheritdoc cref="UNet2DConditionConfig.UseLinearProjection"/>
    public bool UseLinearProjection { get; init; }

    /// <summary>
    /// How class labels come in: null (a table, where <see cref="NumClassEmbeds"/> is set), <c>timestep</c>, <c>identity</c> or
    /// <c>projection</c>.
    /// </summary>
    public string? ClassEmbedType { get; init; }

    /// <inheritdoc cref="UNet2DConditionConfig.AdditionEmbedType"/>
    public string? AdditionEmbedType { get; init; }

    /// <inheritdoc cref="UNet2DConditionConfig.AdditionTimeEmbedDim"/>
    public int? AdditionTimeEmbedDim { get; init; }

    /// <inheritdoc cref="UNet2DConditionConfig.NumClassEmbeds"/>
    public int? NumClassEmbeds { get; init; }

    /// <inheritdoc cref="UNet2DConditionConfig.UpcastAttention"/>
    public bool UpcastAttention { get; init; }

    /// <inheritdoc cref="UNet2DConditionConfig.ResnetTimeScaleShift"/>
    public string ResnetTimeScaleShift { get; init; } = "default";

    /// <inheritdoc cref="UNet2DConditionConfig.ProjectionClassEmbeddingsInputDim"/>
    public int? ProjectionClassEmbeddingsInputDim { get; init; }

    /// <summary>
    /// Order of the control image's channels that the network was trained with: <c>rgb</c> or <c>bgr</c>. Images given are always RGB.
    /// </summary>
    public string ControlnetConditioningChannelOrder { get; init; } = "rgb";

    /// <summary>
    /// Channels of the convolutions that bring the control image to the latents' size; each except the last halves it.
    /// </summary>
    public ImmutableArray<int> ConditioningEmbeddingOutChannels { get; init; } = [16, 32, 96, 256];

    /// <summary>Whether the residuals are averaged over the image. Default false.</summary>
    public bool GlobalPoolConditions { get; init; }

    /// <inheritdoc cref="UNet2DConditionConfig.AdditionEmbedTypeNumHeads"/>
    public int AdditionEmbedTypeNumHeads { get; init; } = 64;

    /// <summary>Reads a configuration.</summary>
    /// <exception cref="InvalidDataException">The text is not such a configuration, or its options contradict each other.</exception>
    /// <exception cref="NotSupportedException">It is the configuration of another class; the message names it.</exception>
    public static ControlNetConfig FromJson(string json) => ModelConfigJson.Read<ControlNetConfig>(json, nameof(ControlNetModel));

    /// <summary>The configuration of a ControlNet for a U-Net, whose encoder it copies.</summary>
    /// <param name="unet">The configuration of the U-Net.</param>
    /// <param name="scaleFactor">Pixels per latent in each direction, a power of 2 from 1 to 64. Default 8.</param>
    /// <exception cref="ArgumentOutOfRangeException">The factor is not a power of 2 from 1 to 64.</exception>
    /// <exception cref="NotSupportedException">The U-Net has an option that ControlNets do not have; the message names it.</exception>
    public static ControlNetConfig FromUNet(UNet2DConditionConfig unet, int scaleFactor = 8)
    {
        ArgumentNullException.ThrowIfNull(unet);
        if (scaleFactor is < 1 or > 64 || !int.IsPow2(scaleFactor))
            throw new ArgumentOutOfRangeException(nameof(scaleFactor), scaleFactor, "Expected a power of 2 from 1 to 64.");
        ConfigRules.Unset("center_input_sample", !unet.CenterInputSample, unet.CenterInputSample);
        ConfigRules.Unset("conv_in_kernel", unet.ConvInKernel == 3, unet.ConvInKernel);
        ConfigRules.Unset("time_embedding_type", unet.TimeEmbeddingType == "positional", unet.TimeEmbeddingType);
        ConfigRules.Unset("time_embedding_dim", unet.TimeEmbeddingDim is null, unet.TimeEmbeddingDim);
        ConfigRules.Unset("time_embedding_act_fn", unet.TimeEmbeddingActFn is null, unet.TimeEmbeddingActFn);
        ConfigRules.Unset("timestep_post_act", unet.TimestepPostAct is null, unet.TimestepPostAct);
        ConfigRules.Unset("resnet_skip_time_act", !unet.ResnetSkipTimeAct, unet.ResnetSkipTimeAct);
        ConfigRules.Unset("resnet_out_scale_factor", unet.ResnetOutScaleFactor == 1, unet.ResnetOutScaleFactor);
        ConfigRules.Unset("class_embeddings_concat", !unet.ClassEmbeddingsConcat, unet.ClassEmbeddingsConcat);
        ConfigRules.Unset(
            "mid_block_only_cross_attention", unet.MidBlockOnlyCrossAttention is null, unet.MidBlockOnlyCrossAttention);
        int[] published = [16, 32, 96, 256];
        return new ControlNetConfig
        {
            InChannels = unet.InChannels, FlipSinToCos = unet.FlipSinToCos, FreqShift = unet.FreqShift,
            DownBlockTypes = unet.DownBlockTypes, MidBlockType = unet.MidBlockType, OnlyCrossAttention = unet.OnlyCrossAttention,
            BlockOutChannels = unet.BlockOutChannels, LayersPerBlock = unet.LayersPerBlock, DownsamplePadding = unet.DownsamplePadding,
            MidBlockScaleFactor = unet.MidBlockScaleFactor, ActFn = unet.ActFn, NormNumGroups = unet.NormNumGroups,
            NormEps = unet.NormEps, CrossAttentionDim = unet.CrossAttentionDim,
            TransformerLayersPerBlock = unet.TransformerLayersPerBlock, EncoderHidDim = unet.EncoderHidDim,
            EncoderHidDimType = unet.EncoderHidDimType, AttentionHeadDim = unet.AttentionHeadDim,
            NumAttentionHeads = unet.NumAttentionHeads, UseLinearProjection = unet.UseLinearProjection,
            ClassEmbedType = unet.ClassEmbedType, AdditionEmbedType = unet.AdditionEmbedType,
            AdditionTimeEmbedDim = unet.AdditionTimeEmbedDim, NumClassEmbeds = unet.NumClassEmbeds, UpcastAttention = unet.UpcastAttention,
            ResnetTimeScaleShift = unet.ResnetTimeScaleShift,
            ProjectionClassEmbeddingsInputDim = unet.ProjectionClassEmbeddingsInputDim,
            AdditionEmbedTypeNumHeads = unet.AdditionEmbedTypeNumHeads,
            ConditioningEmbeddingOutChannels =
                [.. Enumerable.Range(0, int.Log2(scaleFactor) + 1).Select(i => published[Math.Min(i, published.Length - 1)])],
        };
    }

    /// <inheritdoc/>
    protected internal override void Check()
    {
        Encoder().Check();
        ConfigRules.Positive("conditioning_channels", ConditioningChannels);
        if (ConditioningEmbeddingOutChannels.IsDefaultOrEmpty) throw new ArgumentException("conditioning_embedding_out_channels is empty.");
        ConfigRules.Positive("conditioning_embedding_out_channels", ConditioningEmbeddingOutChannels);
    }

    /// <summary>Builds the network, initialised at random.</summary>
    public ControlNetModel Build() => new(this);

    /// <inheritdoc cref="UNet2DConditionConfig.BuildUninitialized"/>
    public ControlNetModel BuildUninitialized(Device? device = null, ScalarType type = ScalarType.Float32) =>
        new(this, LayerFactory.Uninitialized(device, type));

    /// <summary>The U-Net whose encoder the network is a copy of.</summary>
    internal UNet2DConditionConfig Encoder() => new()
    {
        InChannels = InChannels, FlipSinToCos = FlipSinToCos, FreqShift = FreqShift, DownBlockTypes = DownBlockTypes,
        UpBlockTypes = [.. DownBlockTypes.Select(_ => "UpBlock2D")], MidBlockType = MidBlockType, OnlyCrossAttention = OnlyCrossAttention,
        BlockOutChannels = BlockOutChannels, LayersPerBlock = LayersPerBlock, DownsamplePadding = DownsamplePadding,
        MidBlockScaleFactor = MidBlockScaleFactor, ActFn = ActFn, NormNumGroups = NormNumGroups, NormEps = NormEps,
        CrossAttentionDim = CrossAttentionDim, TransformerLayersPerBlock = TransformerLayersPerBlock,
        ReverseTransformerLayersPerBlock = 1, EncoderHidDim = EncoderHidDim, EncoderHidDimType = EncoderHidDimType,
        AttentionHeadDim = AttentionHeadDim, NumAttentionHeads = NumAttentionHeads, UseLinearProjection = UseLinearProjection,
        ClassEmbedType = ClassEmbedType, AdditionEmbedType = AdditionEmbedType, AdditionTimeEmbedDim = AdditionTimeEmbedDim,
        NumClassEmbeds = NumClassEmbeds, UpcastAttention = UpcastAttention, ResnetTimeScaleShift = ResnetTimeScaleShift,
        ProjectionClassEmbeddingsInputDim = ProjectionClassEmbeddingsInputDim, AdditionEmbedTypeNumHeads = AdditionEmbedTypeNumHeads,
    };
}
