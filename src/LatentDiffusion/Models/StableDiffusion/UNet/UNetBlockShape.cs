using static TorchSharp.torch;

namespace LatentDiffusion.Models;

/// <summary>Layers of one block of a U-Net, from its type and the configuration.</summary>
/// <param name="Layers">Makes the layers.</param>
/// <param name="Resnets">Options of its residual blocks.</param>
/// <param name="Transformers">Options of its spatial transformers; null for a block without.</param>
/// <param name="Depths">Transformer blocks of each of them.</param>
/// <param name="HeadChannels">Width of the heads of attention over pixels; null for a block without.</param>
/// <param name="ResamplesInResnet">Whether its size changes within a residual block instead of in a convolution.</param>
internal sealed record UNetBlockShape(
    LayerFactory Layers, ResnetOptions Resnets, TransformerOptions? Transformers, PerBlock<int> Depths, int? HeadChannels,
    bool ResamplesInResnet)
{
    /// <summary>The block at a resolution on the way down.</summary>
    public static UNetBlockShape Down(UNet2DConditionConfig config, LayerFactory layers, int block) =>
        Create(
            config, layers, config.DownBlockTypes[block], block, config.TransformerLayersPerBlock[block], config.AttentionHeadDim[block]);

    /// <summary>The block at a resolution on the way up. As published, head widths are not reversed there.</summary>
    public static UNetBlockShape Up(UNet2DConditionConfig config, LayerFactory layers, int block)
    {
        int index = config.BlockOutChannels.Length - 1 - block;
        PerBlock<int> depths = config.ReverseTransformerLayersPerBlock is { } reverse
            ? reverse[index]
            : config.TransformerLayersPerBlock[block];
        return Create(config, layers, config.UpBlockTypes[index], block, depths, config.AttentionHeadDim[index]);
    }

    /// <summary>The middle.</summary>
    public static UNetBlockShape Middle(UNet2DConditionConfig config, LayerFactory layers)
    {
        int last = config.BlockOutChannels.Length - 1;
        bool attention = config.MidBlockType == UNetConfigRules.CrossAttentionMiddle;
        return new UNetBlockShape(
            layers, ResnetOptionsOf(config) with { OutputScale = config.MidBlockScaleFactor },
            attention ? TransformerOptionsOf(config, last) with { OnlyCrossAttention = false } : null,
            config.TransformerLayersPerBlock[last], HeadChannels: null, ResamplesInResnet: false);
    }

    public ResnetBlock2D Resnet(int inChannels, int outChannels, Resampling resampling = Resampling.None) =>
        new(Layers, inChannels, outChannels, Resnets, resampling);

    /// <summary>The attention after a residual block; null for a block without.</summary>
    /// <param name="channels">Channels of the feature map.</param>
    /// <param name="index">Index of the residual block.</param>
    public nn.Module? Attention(int channels, int index)
    {
        if (Transformers is not null) return new Transformer2DModel(Layers, channels, Depths[index], Transformers);
        return HeadChannels is { } width ? new PixelAttention(Layers, channels, width, Resnets.Groups, Resnets.Eps) : null;
    }

    /// <summary>Runs the layer from <see cref="Attention"/>, if there is one.</summary>
    public static Tensor Attend(LayerList<nn.Module>? attentions, int index, Tensor hidden, TextContext context) =>
        attentions?[index] switch
        {
            Transformer2DModel transformer => hidden.Into(x => transformer.call(x, context)),
            PixelAttention attention => hidden.Into(x => attention.call(x, null)),
            _ => hidden,
        };

    private static UNetBlockShape Create(
        UNet2DConditionConfig config, LayerFactory layers, string type, int block, PerBlock<int> depths, int headChannels)
    {
        bool resamplesInResnet = type.StartsWith("Resnet", StringComparison.Ordinal);
        ResnetOptions resnets = ResnetOptionsOf(config);
        if (resamplesInResnet)
            resnets = resnets with { OutputScale = config.ResnetOutScaleFactor, SkipTimeActivation = config.ResnetSkipTimeAct };
        return new UNetBlockShape(
            layers, resnets, type.StartsWith("CrossAttn", StringComparison.Ordinal) ? TransformerOptionsOf(config, block) : null, depths,
            type.StartsWith("Attn", StringComparison.Ordinal) ? headChannels : null, resamplesInResnet);
    }

    private static ResnetOptions ResnetOptionsOf(UNet2DConditionConfig config) => new(
        config.BlockTimeChannels, config.NormNumGroups, config.NormEps, config.ActFn, config.ResnetTimeScaleShift == "scale_shift",
        config.Dropout);

    private static TransformerOptions TransformerOptionsOf(UNet2DConditionConfig config, int block) => new(
        config.Heads(block), config.CrossAttentionDim[block], config.NormNumGroups, config.UseLinearProjection,
        config.OnlyCrossAttention[block], config.UpcastAttention, config.Dropout);
}
