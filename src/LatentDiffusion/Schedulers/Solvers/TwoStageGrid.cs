namespace LatentDiffusion;

/// <summary>The evaluations of methods with two a step and one in the last.</summary>
internal static class TwoStageGrid
{
    /// <summary>Every level but the first and the final one twice: it ends one step and begins the next.</summary>
    public static SamplingGrid Repeat(SamplingGrid grid) => grid with
    {
        Timesteps = [grid.Timesteps[0], .. Twice(grid.Timesteps[1..])],
        Sigmas = [grid.Sigmas[0], .. Twice(grid.Sigmas[1..^1]), grid.Sigmas[^1]],
    };

    /// <summary>Every number twice.</summary>
    public static IEnumerable<double> Twice(IEnumerable<double> values) => values.SelectMany(v => (double[])[v, v]);

    /// <summary>Geometric mean: halfway in log σ.</summary>
    public static double Between(double a, double b) => (double)(float)Math.Sqrt(a * b);
}
