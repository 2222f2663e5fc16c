using LatentDiffusion.Models.Drawings;

namespace LatentDiffusion.Judge;

/// <summary>The held-out combinations, or some of them from all over the catalogue.</summary>
internal static class HeldOutSample
{
    /// <summary>
    /// As many as the limit says, at equal distances in the catalogue, which is in the order of subject, attribute and
    /// colour: every subject has its share.
    /// </summary>
    /// <param name="limit">At least 1; null for all.</param>
    public static IReadOnlyList<DrawingCombination> Take(int? limit)
    {
        IReadOnlyList<DrawingCombination> all = DrawingCatalog.HeldOut;
        if (limit is not { } count || count >= all.Count) return all;
        ArgumentOutOfRangeException.ThrowIfLessThan(count, 1, nameof(limit));
        return [.. Enumerable.Range(0, count).Select(i => all[(int)((i + 0.5) * all.Count / count)])];
    }
}
