namespace LatentDiffusion.Schedulers;

/// <summary>The evaluations of methods with two a step and one in the last.</summary>
internal static class TwoStageGrid
{
    /// <summary>Every level but the first and the final one twice: it ends one step and begins the next.</summary>
    public static SamplingGrid Repeat(SamplingGrid grid) => grid with
    {
        Timesteps = [grid.Timesteps[0], .. Twice(grid.Timesteps[1..])],
        Sigmas = [grid.Sigmas[0], .. Twice(grid.Sigmas[1..^1]), grid.Sigmas[^1]],
    };

    /// <summary>A level between those of every step but the last, where the step's second evaluation takes place.</summary>
    /// <param name="grid">The steps.</param>
    /// <param name="training">Knows the timestep of a level.</param>
    /// <param name="middle">The level between where a step begins and where it ends.</param>
    public static SamplingGrid WithMiddles(SamplingGrid grid, TrainingSigmas training, Func<double, double, double> middle)
    {
        double[] middles = [.. grid.Sigmas[..^2].Zip(grid.Sigmas[1..^1], middle)];
        return grid with
        {
            Timesteps = [.. Interleave(grid.Timesteps, middles.Select(sigma => (double)(float)training.TimestepOf(sigma)))],
            Sigmas = [.. Interleave(grid.Sigmas[..^1], middles), grid.Sigmas[^1]],
        };

        static IEnumerable<double> Interleave(double[] ends, IEnumerable<double> middles) =>
            [ends[0], .. middles.Zip(ends[1..]).SelectMany(pair => (double[])[pair.First, pair.Second])];
    }

    /// <summary>Every number twice.</summary>
    public static IEnumerable<double> Twice(IEnumerable<double> values) => values.SelectMany(v => (double[])[v, v]);

    /// <summary>Geometric mean: halfway in log σ.</summary>
    public static double Between(double a, double b) => (double)(float)Math.Sqrt(a * b);
}
