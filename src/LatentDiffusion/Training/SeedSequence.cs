namespace LatentDiffusion;

/// <summary>Seeds of the steps of a run: unrelated to each other, and the same wherever the run is resumed.</summary>
internal static class SeedSequence
{
    /// <summary>SplitMix64 (Steele et al. 2014) of the run's seed advanced by the step's number.</summary>
    public static ulong Of(ulong seed, long step)
    {
        ulong z = seed + (ulong)(step + 1) * 0x9E3779B97F4A7C15;
        z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9;
        z = (z ^ (z >> 27)) * 0x94D049BB133111EB;
        return z ^ (z >> 31);
    }
}
