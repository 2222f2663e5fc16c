using System.Globalization;
using static TorchSharp.torch;

namespace LatentDiffusion.Networks;

/// <summary>Steps one after the other; layers among them are named by their index, as in PyTorch's <c>Sequential</c>.</summary>
internal sealed class IndexedLayers() : nn.Module<Tensor, Tensor>(NativeModule.Create(nameof(IndexedLayers)), 0)
{
    private readonly List<Func<Tensor, Tensor>> _steps = [];

    /// <summary>Adds a layer.</summary>
    public IndexedLayers Add(nn.Module<Tensor, Tensor> layer)
    {
        register_module(_steps.Count.ToString(CultureInfo.InvariantCulture), layer);
        _steps.Add(layer.call);
        return this;
    }

    /// <summary>Adds a step without parameters, which takes an index too.</summary>
    public IndexedLayers Add(Func<Tensor, Tensor> step)
    {
        _steps.Add(step);
        return this;
    }

    /// <summary>Number of steps.</summary>
    public int Count => _steps.Count;

    public override Tensor forward(Tensor input) => Run(input, ..);

    /// <summary>Some of the steps, at least one.</summary>
    public Tensor Run(Tensor input, Range steps)
    {
        (int start, int count) = steps.GetOffsetAndLength(_steps.Count);
        Tensor hidden = _steps[start](input);
        foreach (Func<Tensor, Tensor> step in _steps.GetRange(start + 1, count - 1)) hidden = hidden.Into(step);
        return hidden;
    }
}
