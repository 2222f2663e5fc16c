namespace LatentDiffusion.Schedulers;

/// <summary>
/// The grid of the exponential integrators (DPM-Solver, DEIS, UniPC): integer timesteps, whose lowest is where the last
/// step leads, and their noise levels, or levels by a rule between the ends of the training schedule.
/// </summary>
internal sealed class SolverGrid
{
    public required TrainingSigmas Training { get; init; }

    public required TimestepSpacing Spacing { get; init; }

    public required SigmaRule Rule { get; init; }

    /// <summary>The level that the last step reaches.</summary>
    public required FinalSigma Final { get; init; }

    /// <summary>Timesteps are chosen below this one: T, or less where the noisiest are cut off.</summary>
    public int LastTimestep { get; init; }

    /// <summary>Lowest level of Karras, exponential and beta spacing; null for the training schedule's.</summary>
    public double? Min { get; init; }

    /// <summary>Highest level of Karras, exponential and beta spacing; null for the training schedule's.</summary>
    public double? Max { get; init; }

    /// <summary>Whether timesteps of Karras and Lu spacing are rounded before they are cut to integers.</summary>
    public bool Rounds { get; init; } = true;

    /// <summary>The levels of flow matching, for <see cref="SigmaRule.Flow"/>: a function of the options.</summary>
    public Func<SamplingOptions, double[]>? FlowSigmas { get; init; }

    /// <summary>Whether Karras levels are those of a flow: σ/(σ + 1).</summary>
    public bool KarrasFlow { get; init; }

    public SamplingGrid Make(SamplingOptions options)
    {
        if (options.Timesteps is not null && Rule != SigmaRule.Training)
        {
            throw new ArgumentException(
                "Timesteps cannot be given to a scheduler that spaces its noise levels by a rule.", nameof(options));
        }

        double[] sigmas = Levels(options), timesteps;
        bool flow = Rule == SigmaRule.Flow || KarrasFlow;
        if (Rule == SigmaRule.Training && options.Sigmas is null) timesteps = TrainingTimesteps(options);
        else if (flow) timesteps = [.. sigmas.Select(s => Math.Truncate(s * Spacing.TrainingTimesteps))];
        else
        {
            bool rounds = Rounds && Rule is SigmaRule.Karras or SigmaRule.Lu or SigmaRule.Training;
            timesteps = [.. sigmas.Select(Training.TimestepOf).Select(t => rounds ? Math.Round(t) : Math.Truncate(t))];
        }

        double last = Final switch
        {
            FinalSigma.Zero => 0,
            FinalSigma.LowestTraining => Training.Min,
            FinalSigma.LastOfRule when Rule == SigmaRule.Training => Training.Min,
            _ => sigmas[^1],
        };
        return new SamplingGrid(timesteps, Grids.ToSingle(sigmas.Append(last)));
    }

    private double[] Levels(SamplingOptions options)
    {
        if (Rule == SigmaRule.Flow) return FlowSigmas!(options);
        if (options.Sigmas is { } given) return [.. given];
        double max = Max ?? Training.Max, min = Min ?? Training.Min;
        return Rule switch
        {
            SigmaRule.Training => [.. TrainingTimesteps(options).Select(Training.At)],
            SigmaRule.Lu => [.. Grids.Linspace(Training.LogMax, Training.LogMin, options.Steps).Select(Math.Exp)],
            _ when KarrasFlow => [.. SigmaOptions.Space(Rule, max, min, options.Steps).Select(s => s / (s + 1))],
            _ => SigmaOptions.Space(Rule, max, min, options.Steps),
        };
    }

    private double[] TrainingTimesteps(SamplingOptions options) =>
        options.Timesteps is { } given ? [.. given] : Spacing.Intervals(options.Steps, LastTimestep);
}
