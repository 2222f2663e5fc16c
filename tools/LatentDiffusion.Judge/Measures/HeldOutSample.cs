using LatentDiffusion.Models.Drawings;

namespace LatentDiffusion.Judge;

/// <summary>The held-out combinations, or a sample of them from the whole catalogue.</summary>
internal static class HeldOutSample
{
    /// <summary>
    /// Takes combinations at equal distances in the catalogue, which is ordered by subject, attribute and colour: every
    /// subject is represented in proportion.
    /// </summary>
    /// <param name="limit">Number of combinations, at least 1; null for all.</param>
    public static IReadOnlyList<DrawingCombination> Take(int? limit)
    {
        IReadOnlyList<DrawingCombination> all = DrawingCatalog.HeldOut;
        if (limit is not { } count || count >= all.Count) return all;
        ArgumentOutOfRangeException.ThrowIfLessThan(count, 1, nameof(limit));
        return [.. Enumerable.Range(0, count).Select(i => all[(int)((i + 0.5) * all.Count / count)])];
    }
}
