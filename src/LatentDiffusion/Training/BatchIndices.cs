using System.Globalization;

namespace LatentDiffusion.Training;

/// <summary>
/// Which images each step sees: of an endless source one after the other; of a finite one every image once an
/// epoch, in an order that follows from the run's seed and the epoch's number.
/// </summary>
/// <param name="count">Number of items; null for a source without end.</param>
/// <param name="batchSize">Items of a batch.</param>
/// <param name="data">Identifies the data of the items; null if it is not needed.</param>
internal sealed class BatchIndices(long? count, int batchSize, Func<string>? data = null)
{
    /// <summary>Where in the identity the data is.</summary>
    public const string DataKey = "data";

    private const string ItemsKey = "items", Endless = "endless";

    private readonly Lazy<IReadOnlyDictionary<string, string>> _identity = new(() =>
    {
        var identity = new Dictionary<string, string>
        {
            ["batch_size"] = batchSize.ToString(CultureInfo.InvariantCulture),
            [ItemsKey] = count?.ToString(CultureInfo.InvariantCulture) ?? Endless,
        };
        if (data is not null) identity.Add(DataKey, data());
        return identity;
    });

    private long[] _order = [];
    private long _epoch = -1;

    /// <summary>The run's seed. Default 0.</summary>
    public ulong Seed
    {
        get;
        set => (field, _epoch) = (value, -1);
    }

    /// <summary>The settings that determine which images a step sees, for <see cref="ITrainingObjective.Identity"/>.</summary>
    public IReadOnlyDictionary<string, string> Identity => _identity.Value;

    /// <summary>Says so where a batch is larger than the set.</summary>
    public IEnumerable<string> Warnings => count is { } few && few < batchSize
        ? [string.Create(
                CultureInfo.InvariantCulture,
                $"A batch of {batchSize} is larger than the set of {few}: "
                + $"each item is seen up to {(batchSize + few - 1) / few} times in every batch. A smaller batch sees each once.")]
        : [];

    /// <summary>Whether an entry of an identity, perhaps one of several objectives, says that its items have an order.</summary>
    public static bool IsFinite(string key, string value) => key.EndsWith($".{ItemsKey}", StringComparison.Ordinal) && value != Endless;

    /// <summary>The items of a batch, others in place of those that are left out.</summary>
    public long[] IndicesFor(long step, ItemSelection? selection) =>
        selection is null ? IndicesFor(step) : Array.ConvertAll(IndicesFor(step), item => selection.Select(item, count));

    /// <summary>The epoch of each of a batch's items; all 0 for a source without end.</summary>
    public long[] Epochs(long step) =>
        [.. Enumerable.Range(0, batchSize).Select(i => count is > 0 ? (step * batchSize + i) / count.Value : 0)];

    public long[] IndicesFor(long step) => [.. Enumerable.Range(0, batchSize).Select(i => At(step * batchSize + i))];

    private long At(long position)
    {
        if (count is not { } n) return position;
        if (n < 1) throw new InvalidOperationException("The data set has no images.");
        long epoch = position / n;
        if (epoch != _epoch)
        {
            _order = [.. Enumerable.Range(0, checked((int)n)).Select(i => (long)i)];
            ulong state = SeedSequence.ForStep(Seed, epoch);
            for (int i = _order.Length - 1; i > 0; i--)
            {
                state = SeedSequence.ForStep(state, i);
                int j = (int)(state % (ulong)(i + 1));
                (_order[i], _order[j]) = (_order[j], _order[i]);
            }

            _epoch = epoch;
        }

        return _order[position % n];
    }
}
