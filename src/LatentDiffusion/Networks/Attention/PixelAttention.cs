using TorchSharp;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace LatentDiffusion;

/// <summary>Self-attention over the pixels of a feature map, normalised before and added to its input (Ho et al. 2020, appendix B).</summary>
internal sealed class PixelAttention : nn.Module<Tensor, Tensor?, Tensor>
{
    [ComponentName(Name = "group_norm")] private readonly GroupNorm? _norm;
    [ComponentName(Name = "spatial_norm")] private readonly SpatialNorm? _spatialNorm;
    [ComponentName(Name = "to_q")] private readonly Linear _query;
    [ComponentName(Name = "to_k")] private readonly Linear _key;
    [ComponentName(Name = "to_v")] private readonly Linear _value;
    [ComponentName(Name = "to_out")] private readonly ModuleList<nn.Module<Tensor, Tensor>> _out;
    private readonly int _heads;

    /// <param name="layers">Makes the layers.</param>
    /// <param name="channels">Channels of the feature map.</param>
    /// <param name="headChannels">Channels of a head; they divide the channels.</param>
    /// <param name="groups">Groups of the normalisation.</param>
    /// <param name="eps">Its epsilon.</param>
    /// <param name="latentChannels">Channels of the latents that modulate the normalisation; null for a plain one.</param>
    public PixelAttention(LayerFactory layers, int channels, int headChannels, int groups, double eps, int? latentChannels = null)
        : base(nameof(PixelAttention))
    {
        _heads = channels / headChannels;
        long inner = (long)_heads * headChannels;
        if (latentChannels is { } latents) _spatialNorm = new SpatialNorm(layers, channels, latents);
        else _norm = layers.GroupNorm(groups, channels, eps);
        _query = layers.Linear(channels, inner);
        _key = layers.Linear(channels, inner);
        _value = layers.Linear(channels, inner);
        _out = new ModuleList<nn.Module<Tensor, Tensor>>(layers.Linear(inner, channels));
        RegisterComponents();
    }

    /// <param name="input">[batch, channels, height, width].</param>
    /// <param name="latents">What modulates the normalisation; null for a plain one.</param>
    public override Tensor forward(Tensor input, Tensor? latents)
    {
        using DisposeScope scope = NewDisposeScope();
        Tensor pixels = (_spatialNorm is null ? _norm!.call(input) : _spatialNorm.call(input, latents!)).flatten(2).transpose(1, 2);
        Tensor attended = AttentionHeads.Attend(_query.call(pixels), _key.call(pixels), _value.call(pixels), _heads);
        return (attended.Into(_out[0].call).transpose(1, 2).reshape(input.shape) + input).MoveToOuterDisposeScope();
    }
}
