using TorchSharp.Modules;
using static TorchSharp.torch;

namespace LatentDiffusion.Models;

/// <summary>
/// The additional layers of a union ControlNet: embeddings of the control types, and a transformer over one token of each control image
/// whose output is added to its features. Its layers are registered in the network at its top level.
/// </summary>
internal sealed class UnionFusion
{
    private readonly ControlNetUnionConfig _config;
    private readonly Parameter _tasks;
    private readonly LayerList<UnionTransformerLayer> _transformer = [];
    private readonly LinearLayer _projection;
    private readonly SinusoidalEmbedding _sinusoids;
    private readonly TimestepEmbedding _types;

    public UnionFusion(ControlNetUnionConfig config, LayerFactory layers)
    {
        _config = config;
        (int types, int width, int features) = (config.NumControlType, config.NumTransChannel, config.AdditionTimeEmbedDim!.Value);
        _tasks = layers.Parameter(Math.Sqrt(width), types, width);
        for (int i = 0; i < config.NumTransLayer; i++) _transformer.Add(new UnionTransformerLayer(layers, width));
        _projection = layers.Linear(width, config.NumProjChannel);
        _sinusoids = new SinusoidalEmbedding(features, config.FlipSinToCos, config.FreqShift);
        _types = new TimestepEmbedding(layers, features * types, config.Encoder().TimeChannels, "silu");
    }

    /// <summary>Registers the layers in the network under their published names.</summary>
    public void Register(nn.Module network)
    {
        network.register_parameter("task_embedding", _tasks);
        network.register_module("transformer_layes", _transformer);
        network.register_module("spatial_ch_projs", _projection);
        network.register_module("control_add_embedding", _types);
    }

    /// <summary>The embedding of the types that are given, added to that of the time, [1, width].</summary>
    /// <param name="conditions">The control images.</param>
    /// <param name="like">Type and device of the embedding.</param>
    public Tensor EmbedTypes(IReadOnlyList<UnionCondition> conditions, Tensor like)
    {
        var given = new float[_config.NumControlType];
        foreach (UnionCondition condition in conditions) given[condition.Type] = 1;
        using Tensor types = tensor(given, device: like.device);
        Tensor features = _sinusoids.Embed(types).view(1, -1);
        return _types.call(features.to(like.dtype));
    }

    /// <summary>What is added to the first features of the latents, [batch, channels, height, width].</summary>
    /// <param name="images">The features of each control image.</param>
    public Tensor Fuse(IReadOnlyList<(Tensor Features, UnionCondition Condition)> images)
    {
        bool several = images.Count > 1;
        return images.Select(Fused).Aggregate((sum, one) => sum.Plus(one));

        Tensor Fused((Tensor Features, UnionCondition Condition) image)
        {
            double scale = several ? image.Condition.Scale : 1;
            Tensor token = image.Features.mean([2, 3]).Add(_tasks[image.Condition.Type]);
            if (several) token = token.Multiply(scale);
            // Published code attends over the batch. Of one image with guidance all evaluations have the same tokens there.
            foreach (UnionTransformerLayer layer in _transformer) token = layer.call(token);
            Tensor added = image.Features.Add(_projection.call(token).unsqueeze(-1).unsqueeze(-1));
            return several ? added.Multiply(scale) : added;
        }
    }
}
