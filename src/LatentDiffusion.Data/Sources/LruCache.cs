namespace LatentDiffusion.Data;

/// <summary>
/// Loads values on demand and keeps them up to a budget; the least recently used are dropped first. Concurrent requests for one
/// value load it once. Safe for concurrent use.
/// </summary>
/// <param name="budget">Maximum sum of sizes; the last used value is kept whatever its size.</param>
/// <param name="load">Loads a value; exceptions are not cached.</param>
/// <param name="size">Size of a value.</param>
internal sealed class LruCache<TKey, TValue>(long budget, Func<TKey, TValue> load, Func<TValue, long> size) where TKey : notnull
{
    private readonly Lock _gate = new();
    private readonly Dictionary<TKey, LinkedListNode<Item>> _items = [];
    private readonly LinkedList<Item> _order = new();
    private long _total;

    /// <summary>Sum of the sizes of cached values.</summary>
    public long Total
    {
        get
        {
            lock (_gate) return _total;
        }
    }

    public TValue Get(TKey key)
    {
        LinkedListNode<Item>? node;
        lock (_gate)
        {
            if (_items.TryGetValue(key, out node)) _order.Remove(node);
            else _items[key] = node = new LinkedListNode<Item>(new Item(key, new Lazy<TValue>(() => load(key))));
            _order.AddFirst(node);
        }

        TValue value;
        try
        {
            value = node.Value.Value.Value;
        }
        catch
        {
            lock (_gate) Drop(node);
            throw;
        }

        lock (_gate) Account(node, value);
        return value;
    }

    private void Account(LinkedListNode<Item> node, TValue value)
    {
        // Dropped in the meantime, or counted by another thread that waited for the same value.
        if (node.List is null || node.Value.Size is not null) return;
        node.Value.Size = size(value);
        _total += node.Value.Size.Value;
        for (LinkedListNode<Item>? last = _order.Last; _total > budget && last is not null && last != _order.First;)
        {
            LinkedListNode<Item>? before = last.Previous;
            if (last.Value.Size is not null) Drop(last);
            last = before;
        }
    }

    private void Drop(LinkedListNode<Item> node)
    {
        if (node.List is null) return;
        _order.Remove(node);
        _items.Remove(node.Value.Key);
        _total -= node.Value.Size ?? 0;
    }

    private sealed class Item(TKey key, Lazy<TValue> value)
    {
        public TKey Key { get; } = key;

        public Lazy<TValue> Value { get; } = value;

        public long? Size { get; set; }
    }
}
