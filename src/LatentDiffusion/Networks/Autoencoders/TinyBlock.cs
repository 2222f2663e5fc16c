using TorchSharp;
using static TorchSharp.torch;

namespace LatentDiffusion.Networks;

/// <summary>A residual block of three plain convolutions; optionally, a normalised branch is added to its input first.</summary>
internal sealed class TinyBlock : nn.Module<Tensor, Tensor>
{
    private const int PoolExpansion = 4, PoolGroups = 4;

    // Layers without parameters are left out; the others keep their published index.
    [ComponentName(Name = "conv")] private readonly IndexedLayers _conv = new();
    [ComponentName(Name = "pool")] private readonly IndexedLayers? _pool;

    public TinyBlock(LayerFactory layers, int channels, string activation, bool pool) : base(NativeModule.Create(nameof(TinyBlock)), 0)
    {
        Func<Tensor, Tensor> activate = Activations.ByName(activation);
        _conv.Add(layers.Conv2d(channels, channels, 3, padding: 1)).Add(activate);
        _conv.Add(layers.Conv2d(channels, channels, 3, padding: 1)).Add(activate);
        _conv.Add(layers.Conv2d(channels, channels, 3, padding: 1));
        if (pool)
        {
            int wide = channels * PoolExpansion;
            _pool = new IndexedLayers();
            _pool.Add(layers.Conv2d(channels, wide, 1, bias: false)).Add(layers.GroupNorm(PoolGroups, wide, 1e-5)).Add(Activations.Relu);
            _pool.Add(layers.Conv2d(wide, channels, 1, bias: false));
        }

        RegisterComponents();
    }

    public override Tensor forward(Tensor input)
    {
        using DisposeScope scope = NewDisposeScope();
        if (_pool is not null) input = input.Add(_pool.call(input));
        return _conv.call(input).Into(x => x.Add(input)).Into(Activations.Relu).MoveToOuterDisposeScope();
    }
}
