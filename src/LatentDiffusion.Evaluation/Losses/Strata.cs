namespace LatentDiffusion.Evaluation;

/// <summary>Timesteps drawn one from each stratum of a range, so that few of them cover all of it.</summary>
internal static class Strata
{
    /// <summary>The whole numbers from Low to High, exclusive, and one drawn of them.</summary>
    public readonly record struct Stratum(int Low, int High, int Drawn)
    {
        public int Width => High - Low;
    }

    /// <summary>Strata of about equal width.</summary>
    /// <param name="low">First timestep.</param>
    /// <param name="high">End of the timesteps, exclusive.</param>
    /// <param name="count">How many strata; at most as many as there are timesteps are made.</param>
    /// <param name="seed">What the draws follow from, with the stratum's first timestep.</param>
    /// <param name="power">Above 1 for narrower strata at the low end: edges are at shares (k/count)^power of the range.</param>
    public static Stratum[] Draw(int low, int high, int count, ulong seed, double power = 1)
    {
        count = Math.Min(count, high - low);
        var edges = new int[count + 1];
        for (int k = 0; k <= count; k++)
        {
            int edge = low + (int)Math.Round((high - low) * Math.Pow((double)k / count, power));
            // At least one timestep on each side of an edge for every stratum there.
            edges[k] = k == 0 ? low : Math.Min(Math.Max(edge, edges[k - 1] + 1), high - (count - k));
        }

        return [.. Enumerable.Range(0, count).Select(k =>
        {
            int width = edges[k + 1] - edges[k];
            return new Stratum(edges[k], edges[k + 1], edges[k] + (int)(SeedSequence.Of(~seed, edges[k]) % (ulong)width));
        })];
    }
}
