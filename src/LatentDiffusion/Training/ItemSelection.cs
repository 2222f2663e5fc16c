namespace LatentDiffusion.Training;

/// <summary>
/// Which items a batch has in place of those that a run leaves out: a function of the item and of what is left out, so that a resumed run
/// has the same.
/// </summary>
/// <param name="IsLeftOut">Whether an item is left out.</param>
/// <param name="Only">The one item that a batch is to consist of; null for the batch's own.</param>
internal sealed record ItemSelection(Func<long, bool> IsLeftOut, long? Only = null)
{
    private const int Draws = 64;

    /// <summary>The item that takes a place in a batch.</summary>
    /// <param name="item">The item whose place it is.</param>
    /// <param name="count">Number of items; null for a source without end.</param>
    public long Select(long item, long? count)
    {
        if (Only is { } only) return only;
        if (!IsLeftOut(item)) return item;
        // Drawn rather than the next one: damaged items often come in a row.
        for (long draw = 0; draw < Draws; draw++)
        {
            long other = (long)(SeedSequence.ForStep((ulong)item, draw) % (ulong)(count ?? int.MaxValue));
            if (!IsLeftOut(other)) return other;
        }

        for (long other = 0; other < count; other++)
            if (!IsLeftOut(other)) return other;
        return item;
    }

    /// <summary>The same for one of several joined objectives, whose items are numbered in turn.</summary>
    public ItemSelection Part(int part, int parts) => new(item => IsLeftOut(item * parts + part), Only / parts);
}
