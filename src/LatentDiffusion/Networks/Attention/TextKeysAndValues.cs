using static TorchSharp.torch;

namespace LatentDiffusion.Networks;

/// <summary>Keys and values of one text in each layer that attends to it. Belongs to one generation.</summary>
internal sealed class TextKeysAndValues(Tensor text) : IDisposable
{
    private readonly Tensor _copy = text.clone().DetachFromDisposeScope();
    private readonly Dictionary<CrossAttention, (Tensor Key, Tensor Value)> _layers = [];

    // Held so that the object is known again without looking at its values; never read, for its owner may dispose it.
    private readonly Tensor _given = text;

    /// <summary>Whether they are those of a text: the same tensor, or one with the same values.</summary>
    public bool Matches(Tensor text) => ReferenceEquals(text, _given) || TensorValues.Equal(text, _copy);

    /// <summary>Keys and values of a layer, computed at its first call.</summary>
    public (Tensor Key, Tensor Value) GetOrAdd(CrossAttention layer, Func<(Tensor Key, Tensor Value)> compute)
    {
        if (_layers.TryGetValue(layer, out (Tensor Key, Tensor Value) known)) return known;
        known = compute();
        known.Key.DetachFromDisposeScope();
        known.Value.DetachFromDisposeScope();
        _layers.Add(layer, known);
        return known;
    }

    public void Dispose()
    {
        _copy.Dispose();
        foreach ((Tensor key, Tensor value) in _layers.Values)
        {
            key.Dispose();
            value.Dispose();
        }

        _layers.Clear();
    }
}
