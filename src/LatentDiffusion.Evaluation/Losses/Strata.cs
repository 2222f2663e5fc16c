namespace LatentDiffusion.Evaluation;

/// <summary>Draws one timestep from each stratum of a range, so that few timesteps cover all of it.</summary>
internal static class Strata
{
    /// <summary>The integers from Low to High, exclusive, and the one drawn.</summary>
    public readonly record struct Stratum(int Low, int High, int Drawn)
    {
        public int Width => High - Low;
    }

    /// <summary>Strata of about equal width.</summary>
    /// <param name="low">First timestep.</param>
    /// <param name="high">End of the timesteps, exclusive.</param>
    /// <param name="count">Number of strata; limited to the number of timesteps.</param>
    /// <param name="seed">Seed of the draws, in addition to the stratum's first timestep.</param>
    /// <param name="power">Above 1 for narrower strata at the low end: edges are at (k/count)^power of the range.</param>
    public static Stratum[] Draw(int low, int high, int count, ulong seed, double power = 1)
    {
        count = Math.Min(count, high - low);
        var edges = new int[count + 1];
        for (int k = 0; k <= count; k++)
        {
            int edge = low + (int)Math.Round((high - low) * Math.Pow((double)k / count, power));
            // Leaves at least one timestep for each stratum on both sides of the edge.
            edges[k] = k == 0 ? low : Math.Min(Math.Max(edge, edges[k - 1] + 1), high - (count - k));
        }

        return [.. Enumerable.Range(0, count).Select(k =>
        {
            int width = edges[k + 1] - edges[k];
            return new Stratum(edges[k], edges[k + 1], edges[k] + (int)(SeedSequence.ForStep(~seed, edges[k]) % (ulong)width));
        })];
    }
}
