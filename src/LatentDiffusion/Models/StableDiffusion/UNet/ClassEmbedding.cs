using TorchSharp.Modules;
using static TorchSharp.torch;

namespace LatentDiffusion.Models;

/// <summary>How class labels come into a U-Net.</summary>
internal sealed class ClassEmbedding
{
    private readonly Func<Tensor, Tensor>? _features;

    private ClassEmbedding(nn.Module<Tensor, Tensor>? layer, Func<Tensor, Tensor>? features = null) =>
        (Layer, _features) = (layer, features);

    /// <summary>The layer that embeds labels; null where they are embeddings already.</summary>
    public nn.Module<Tensor, Tensor>? Layer { get; }

    /// <summary>The embedding of a configuration; null if it has no classes.</summary>
    /// <param name="config">The configuration.</param>
    /// <param name="layers">Makes the layers.</param>
    /// <param name="timeFeatures">Features of a number, as for the timestep.</param>
    public static ClassEmbedding? Create(UNet2DConditionConfig config, LayerFactory layers, Func<Tensor, Tensor> timeFeatures)
    {
        int width = config.TimeChannels;
        return config.ClassEmbedType switch
        {
            "timestep" => new(new TimestepEmbedding(layers, config.TimeFeatures, width, config.ActFn), timeFeatures),
            "identity" => new(null),
            "projection" => new(new TimestepEmbedding(layers, config.ProjectionClassEmbeddingsInputDim!.Value, width, "silu")),
            "simple_projection" => new(layers.Linear(config.ProjectionClassEmbeddingsInputDim!.Value, width)),
            _ => config.NumClassEmbeds is { } classes ? new(layers.Embedding(classes, width)) : null,
        };
    }

    public Tensor Embed(UNetInput input)
    {
        Tensor labels = input.ClassLabels
            ?? throw new ArgumentException("This U-Net (class_embed_type or num_class_embeds is set) needs class labels.", nameof(input));
        if (_features is not null) labels = _features(labels);
        if (Layer is null) return labels;
        return Layer.call(Layer is Embedding ? labels : labels.to(input.Sample.dtype));
    }
}
