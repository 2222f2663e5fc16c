using TorchSharp;
using static TorchSharp.torch;

namespace LatentDiffusion.Networks;

/// <summary>Normalisation, self-attention over the pixels of a feature map, residual connection (Ho et al. 2020, appendix B).</summary>
internal sealed class PixelAttention : nn.Module<Tensor, NormalizationContext?, Tensor>
{
    // Queries of one evaluation. Of a large image, the queries and the results of all pixels would each be as large as the feature map.
    private const long ChunkSize = 1 << 14;

    [ComponentName(Name = "group_norm")] private readonly GroupNormLayer? _norm;
    [ComponentName(Name = "spatial_norm")] private readonly SpatialNorm? _spatialNorm;
    [ComponentName(Name = "to_q")] private readonly LinearLayer _query;
    [ComponentName(Name = "to_k")] private readonly LinearLayer _key;
    [ComponentName(Name = "to_v")] private readonly LinearLayer _value;
    [ComponentName(Name = "to_out")] private readonly LayerList<nn.Module<Tensor, Tensor>> _out;
    private readonly int _heads;

    /// <param name="layers">Makes the layers.</param>
    /// <param name="channels">Channels of the feature map.</param>
    /// <param name="headChannels">Channels of a head; they divide the channels.</param>
    /// <param name="groups">Groups of the normalisation.</param>
    /// <param name="eps">Added to the variance in the normalisation.</param>
    /// <param name="latentChannels">Channels of the latents that modulate the normalisation; null for a plain one.</param>
    public PixelAttention(LayerFactory layers, int channels, int headChannels, int groups, double eps, int? latentChannels = null)
        : base(NativeModule.Create(nameof(PixelAttention)), 0)
    {
        _heads = channels / headChannels;
        long inner = (long)_heads * headChannels;
        if (latentChannels is { } latents) _spatialNorm = new SpatialNorm(layers, channels, latents);
        else _norm = layers.GroupNorm(groups, channels, eps);
        _query = layers.Linear(channels, inner);
        _key = layers.Linear(channels, inner);
        _value = layers.Linear(channels, inner);
        _out = new LayerList<nn.Module<Tensor, Tensor>>(layers.Linear(inner, channels));
        RegisterComponents();
    }

    /// <param name="input">[batch, channels, height, width].</param>
    /// <param name="norms">Further inputs of the normalisation; null for none.</param>
    public override Tensor forward(Tensor input, NormalizationContext? norms)
    {
        using DisposeScope scope = NewDisposeScope();
        Tensor normalized = _spatialNorm is null
            ? GlobalNormStatistics.Normalize(_norm!, input, norms?.Statistics)
            : _spatialNorm.call(input, norms!);
        Tensor pixels = normalized.Into(x => x.flatten(2)).Into(x => x.transpose(1, 2));
        Tensor key = _key.call(pixels), value = _value.call(pixels);
        Tensor[] chunks = [.. pixels.split(ChunkSize, 1).Select(queries => queries.Into(x => Attend(x, key, value)))];
        foreach (Tensor used in new[] { pixels, key, value }) used.Dispose();
        return Joined(chunks).Into(x => x.transpose(1, 2)).Into(x => x.reshape(input.shape)).Plus(input).MoveToOuterDisposeScope();
    }

    private Tensor Attend(Tensor queries, Tensor key, Tensor value)
    {
        using Tensor query = _query.call(queries), attended = AttentionHeads.Attend(query, key, value, _heads);
        return _out[0].call(attended);
    }

    private static Tensor Joined(Tensor[] parts)
    {
        if (parts is [var only]) return only;
        Tensor all = cat(parts, 1);
        foreach (Tensor part in parts) part.Dispose();
        return all;
    }
}
