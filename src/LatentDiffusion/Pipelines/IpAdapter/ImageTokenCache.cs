using static TorchSharp.torch;

namespace LatentDiffusion;

/// <summary>
/// Keys and values of the image tokens of one pass. Tokens are known by their values, so that guidance may join those of prompt and
/// negative prompt again at each step; on GPUs the comparison waits for the device. Not safe for concurrent use.
/// </summary>
internal sealed class ImageTokenCache : IDisposable
{
    // Prompt, negative prompt and both in one batch are three, each with and without adapters that act only in some steps.
    private const int Capacity = 8;

    private readonly List<Entry> _entries = [];

    /// <summary>What tokens add to the layers; the same object for the same tokens.</summary>
    /// <param name="tokens">Those of each adapter, [batch, tokens, width]; null where it does not act.</param>
    /// <param name="compute">Computes it; its tensors may belong to the current dispose scope.</param>
    public IReadOnlyDictionary<string, IReadOnlyList<AddedContext>> GetOrAdd(
        IReadOnlyList<Tensor?> tokens, Func<IReadOnlyDictionary<string, IReadOnlyList<AddedContext>>> compute)
    {
        if (_entries.Find(entry => entry.Matches(tokens)) is { } known)
        {
            _entries.Remove(known);
            _entries.Add(known);
            return known.Added;
        }

        if (_entries.Count == Capacity)
        {
            _entries[0].Dispose();
            _entries.RemoveAt(0);
        }

        // Ordered by last use.
        _entries.Add(new Entry(tokens, compute()));
        return _entries[^1].Added;
    }

    public void Dispose()
    {
        foreach (Entry entry in _entries) entry.Dispose();
        _entries.Clear();
    }

    private sealed class Entry : IDisposable
    {
        private readonly Tensor?[] _tokens;

        public Entry(IReadOnlyList<Tensor?> tokens, IReadOnlyDictionary<string, IReadOnlyList<AddedContext>> added)
        {
            _tokens = [.. tokens.Select(one => one?.clone().DetachFromDisposeScope())];
            Added = added;
            foreach (Tensor tensor in Tensors()) tensor.DetachFromDisposeScope();
        }

        public IReadOnlyDictionary<string, IReadOnlyList<AddedContext>> Added { get; }

        public bool Matches(IReadOnlyList<Tensor?> tokens) =>
            _tokens.Zip(tokens).All(pair => pair is (null, null) || (pair is ({ } one, { } other) && TensorValues.Equal(one, other)));

        public void Dispose()
        {
            foreach (Tensor? one in _tokens) one?.Dispose();
            foreach (Tensor tensor in Tensors()) tensor.Dispose();
        }

        /// <summary>Keys, values and masks, each of which may be in several layers.</summary>
        private IEnumerable<Tensor> Tensors() => Added.Values.SelectMany(layer => layer)
            .SelectMany(added => (Tensor?[])[added.Keys, added.Values, added.Mask]).OfType<Tensor>()
            .Distinct<Tensor>(ReferenceEqualityComparer.Instance);
    }
}
