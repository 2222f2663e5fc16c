namespace LatentDiffusion.Training;

/// <summary>
/// Derives a seed for each step of a run from the seed of the run. The seeds are unrelated to each other, and the same
/// wherever the run is resumed.
/// </summary>
public static class SeedSequence
{
    /// <summary>Returns the seed of a step: SplitMix64 (Steele et al. 2014) of the run's seed, advanced by the step.</summary>
    /// <param name="seed">The run's seed.</param>
    /// <param name="step">Number of the step, or of whatever needs its own seed (an image, an epoch), from 0.</param>
    public static ulong ForStep(ulong seed, long step)
    {
        ulong z = seed + (ulong)(step + 1) * 0x9E3779B97F4A7C15;
        z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9;
        z = (z ^ (z >> 27)) * 0x94D049BB133111EB;
        return z ^ (z >> 31);
    }
}
