namespace LatentDiffusion.Schedulers;

/// <summary>
/// Chooses sampling timesteps among the training ones (Lin et al. 2024, "Common Diffusion Noise Schedules and Sample
/// Steps are Flawed", table 2). Timesteps descend.
/// </summary>
/// <param name="Kind"><c>linspace</c>, <c>leading</c> or <c>trailing</c>.</param>
/// <param name="TrainingTimesteps">T.</param>
/// <param name="Offset">Added to every timestep of leading spacing.</param>
internal sealed record TimestepSpacing(string Kind, int TrainingTimesteps, int Offset)
{
    public const string Linspace = "linspace", Leading = "leading", Trailing = "trailing";

    /// <summary>Integer timesteps from the last (or near it) to the first.</summary>
    public double[] Integers(int steps) => Kind switch
    {
        Linspace => Descend(Grids.Linspace(0, TrainingTimesteps - 1, steps).Select(t => Math.Round(t))),
        Leading => LeadingMultiples(steps, TrainingTimesteps / steps),
        _ => FromEnd(TrainingTimesteps, steps),
    };

    /// <summary>Timesteps that need not be integers, in single precision: only linear spacing makes any.</summary>
    public double[] Reals(int steps) => Kind == Linspace
        ? Descend(Grids.ToSingle(Grids.Linspace(0, TrainingTimesteps - 1, steps)))
        : Integers(steps);

    /// <summary>
    /// Integer timesteps of <paramref name="steps"/> + 1 points without the lowest, which is where the last step leads.
    /// </summary>
    /// <param name="steps">Number of steps.</param>
    /// <param name="last">Timesteps lie below it: T, or less where the noisiest ones are cut off.</param>
    public double[] Intervals(int steps, int last) => Kind switch
    {
        Linspace => Descend(Grids.Linspace(0, last - 1, steps + 1).Skip(1).Select(t => Math.Round(t))),
        Leading => LeadingMultiples(steps + 1, last / (steps + 1))[..^1],
        _ => FromEnd(last, steps),
    };

    private double[] LeadingMultiples(int count, int ratio)
    {
        if (ratio == 0) throw TooMany(count);

        // An offset moves the whole grid up. diffusers evaluates the model outside its schedule here, or fails.
        int noisiest = (count - 1) * ratio + Offset;
        if (noisiest >= TrainingTimesteps)
        {
            throw new ArgumentException(
                $"Timestep {noisiest} is beyond the {TrainingTimesteps} training timesteps: steps_offset {Offset} is too large for this "
                + "number of steps with 'leading' timestep spacing; ask for fewer steps or another timestep_spacing.");
        }

        return Descend(Enumerable.Range(0, count).Select(i => (double)(i * ratio + Offset)));
    }

    /// <summary>Rounding may yield one more, below 0.</summary>
    private double[] FromEnd(int last, int steps) => steps <= TrainingTimesteps
        ? [.. Grids.Descending(last, (double)TrainingTimesteps / steps).Select(t => Math.Round(t) - 1).Where(t => t >= 0)]
        : throw TooMany(steps);

    private ArgumentException TooMany(int count) => new(
        $"'{Kind}' timestep spacing over {TrainingTimesteps} training timesteps cannot hold {count} points; "
        + "ask for fewer steps or another timestep_spacing.");

    private static double[] Descend(IEnumerable<double> ascending) => [.. ascending.Reverse()];
}
