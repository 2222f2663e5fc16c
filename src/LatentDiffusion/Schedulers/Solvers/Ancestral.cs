namespace LatentDiffusion.Schedulers;

/// <summary>The split of a step in σ into a deterministic and a random part.</summary>
internal static class Ancestral
{
    /// <summary>
    /// The level to step down to, and the deviation of the noise that leads back up to <paramref name="to"/>, such that the
    /// variances add up and the noise is that of the posterior q(x_to|x_from, x_0).
    /// </summary>
    public static (double Down, double Up) Split(double from, double to)
    {
        double up = Math.Sqrt(Math.Max(to * to * (from * from - to * to) / (from * from), 0));
        return (Math.Sqrt(Math.Max(to * to - up * up, 0)), up);
    }
}
