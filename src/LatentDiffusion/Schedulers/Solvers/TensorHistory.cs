using static TorchSharp.torch;

namespace LatentDiffusion.Schedulers;

/// <summary>The latest few tensors that a multistep method remembers. Owns them; independent of dispose scopes.</summary>
/// <param name="capacity">How many to keep, at least 1.</param>
internal sealed class TensorHistory(int capacity) : IDisposable
{
    private readonly List<Tensor> _tensors = [];

    /// <summary>How many are remembered.</summary>
    public int Count => _tensors.Count;

    /// <summary>The tensor remembered <paramref name="back"/> calls before the latest.</summary>
    public Tensor this[int back] => _tensors[^(back + 1)];

    /// <summary>Takes ownership of a tensor, which the caller must not hold, and drops the oldest one.</summary>
    public void Add(Tensor tensor)
    {
        _tensors.Add(tensor.DetachFromDisposeScope());
        if (_tensors.Count <= capacity) return;
        _tensors[0].Dispose();
        _tensors.RemoveAt(0);
    }

    /// <summary>Forgets everything.</summary>
    public void Clear()
    {
        foreach (Tensor tensor in _tensors) tensor.Dispose();
        _tensors.Clear();
    }

    public void Dispose() => Clear();
}
