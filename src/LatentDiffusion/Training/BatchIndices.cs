using System.Globalization;

namespace LatentDiffusion;

/// <summary>
/// Which pictures each step sees: of an endless source one after the other; of a finite one every picture once an
/// epoch, in an order that follows from the epoch's number.
/// </summary>
internal sealed class BatchIndices(long? count, int batchSize)
{
    private long[] _order = [];
    private long _epoch = -1;

    /// <summary>What decides which pictures a step sees, for <see cref="ITrainingObjective.Identity"/>.</summary>
    public IReadOnlyDictionary<string, string> Identity { get; } = new Dictionary<string, string>
    {
        ["batch_size"] = batchSize.ToString(CultureInfo.InvariantCulture), ["items"] = count?.ToString(CultureInfo.InvariantCulture) ?? "endless",
    };

    public long[] Of(long step) => [.. Enumerable.Range(0, batchSize).Select(i => At(step * batchSize + i))];

    private long At(long position)
    {
        if (count is not { } n) return position;
        if (n < 1) throw new InvalidOperationException("The data set has no pictures.");
        long epoch = position / n;
        if (epoch != _epoch)
        {
            _order = [.. Enumerable.Range(0, checked((int)n)).Select(i => (long)i)];
            ulong state = StepSeed.Of(0, epoch);
            for (int i = _order.Length - 1; i > 0; i--)
            {
                state = StepSeed.Of(state, i);
                int j = (int)(state % (ulong)(i + 1));
                (_order[i], _order[j]) = (_order[j], _order[i]);
            }

            _epoch = epoch;
        }

        return _order[position % n];
    }
}
