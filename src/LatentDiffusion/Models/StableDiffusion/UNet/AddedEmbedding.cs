using static TorchSharp.torch;

namespace LatentDiffusion.Models;

/// <summary>
/// Conditions that are added to the time embedding: SDXL's pooled text and image sizes, or the text pooled by attention.
/// </summary>
internal sealed class AddedEmbedding
{
    private readonly SinusoidalEmbedding? _sizeFeatures;

    private AddedEmbedding(nn.Module<Tensor, Tensor> layer, SinusoidalEmbedding? sizeFeatures = null) =>
        (Layer, _sizeFeatures) = (layer, sizeFeatures);

    public nn.Module<Tensor, Tensor> Layer { get; }

    /// <summary>The embedding of a configuration; null if it has none.</summary>
    public static AddedEmbedding? Create(UNet2DConditionConfig config, LayerFactory layers) => config.AdditionEmbedType switch
    {
        "text" => new(new PooledTextEmbedding(
            layers, config.EncoderHidDim ?? config.CrossAttentionDim[0], config.TimeChannels, config.AdditionEmbedTypeNumHeads)),
        "text_time" => new(
            new TimestepEmbedding(layers, config.ProjectionClassEmbeddingsInputDim!.Value, config.TimeChannels, "silu"),
            new SinusoidalEmbedding(config.AdditionTimeEmbedDim!.Value, config.FlipSinToCos, config.FreqShift)),
        _ => null,
    };

    public Tensor Embed(UNetInput input)
    {
        if (_sizeFeatures is null) return Layer.call(input.HiddenStates);
        if (input.TextEmbeds is null || input.TimeIds is null)
            throw new ArgumentException(
                "This U-Net (addition_embed_type text_time) needs pooled text and the image's sizes.", nameof(input));
        Tensor sizes = _sizeFeatures.Embed(input.TimeIds.flatten()).view(input.TimeIds.shape[0], -1);
        return Layer.call(cat([input.TextEmbeds, sizes.to(input.TextEmbeds.dtype)], -1));
    }
}
