using System.Collections;
using static TorchSharp.torch;

namespace LatentDiffusion.Networks;

/// <summary>
/// Layers that are named by their index. TorchSharp's own list is not released whole when it is disposed (<see cref="NativeModule"/>).
/// </summary>
internal sealed class LayerList<T> : LayerGroup, IReadOnlyList<T> where T : nn.Module
{
    private readonly List<T> _layers;
    private bool _registered;

    public LayerList(params T[] layers) : base(nameof(LayerList<>)) => _layers = [.. layers];

    public int Count => _layers.Count;

    public T this[int index] => _layers[index];

    /// <summary>Adds a layer, before the list is part of a network.</summary>
    public void Add(T layer) => _layers.Add(layer);

    public IEnumerator<T> GetEnumerator() => _layers.GetEnumerator();

    IEnumerator IEnumerable.GetEnumerator() => GetEnumerator();

    protected override void RegisterComponents()
    {
        if (_registered) return;
        _registered = true;
        foreach ((int i, T layer) in _layers.Index()) register_module($"{i}", layer);
    }
}
