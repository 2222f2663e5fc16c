namespace LatentDiffusion.Schedulers;

/// <summary>The grid of flow-matching samplers: levels from 1 down, shifted towards noise; timesteps are σ·T.</summary>
/// <param name="trainingTimesteps">T.</param>
/// <param name="shift">The shift, where it is not dynamic.</param>
internal sealed class FlowGrid(int trainingTimesteps, double shift)
{
    public int TrainingTimesteps => trainingTimesteps;

    /// <summary>How μ follows from the size of the latents; null where the shift is fixed.</summary>
    public DynamicShift? DynamicShift { get; init; }

    /// <summary>Whether μ is an exponent rather than the shift itself.</summary>
    public bool Exponential { get; init; } = true;

    /// <summary>Whether levels run from 0 to 1.</summary>
    public bool Inverted { get; init; }

    /// <summary>The level that the last evaluation is stretched to; null for none.</summary>
    public double? Terminal { get; init; }

    /// <summary>Whether levels before the shift are 1, …, 2/N, 1/N for N steps, and not between the ends of training.</summary>
    public bool HasEvenLevels { get; init; }

    /// <summary>A rule that spaces the levels between their ends.</summary>
    public SigmaRule Rule { get; init; } = SigmaRule.Training;

    /// <summary>Reads T, the shift and the spacing.</summary>
    public static FlowGrid Read(OptionReader options)
    {
        int trainingTimesteps = options.Int("num_train_timesteps", 1000, max: ScheduleOptions.MostTimesteps);
        double shift = options.Double("shift", 1);
        bool dynamic = options.Bool("use_dynamic_shifting", false);
        DynamicShift numbers = DynamicShift.Read(options);
        return new FlowGrid(trainingTimesteps, shift)
        {
            DynamicShift = dynamic ? numbers.Checked() : null,
            Inverted = options.Bool("invert_sigmas", false),
            HasEvenLevels = FlowSampling.HasEvenLevels(options),
            Terminal = options.NullableDouble("shift_terminal"),
            Rule = SigmaOptions.ReadRule(options),
            Exponential = options.Choice("time_shift_type", "exponential", ["exponential", "linear"]) == "exponential",
        };
    }

    public SamplingGrid Make(SamplingOptions options)
    {
        double[] sigmas = [.. Levels(options).Select(s =>
            options.Mu is { } mu ? FlowShift.Dynamic(Exponential, mu, s) : FlowShift.Apply(shift, s))];
        sigmas = FlowShift.Stretch(sigmas, Terminal);
        if (Rule != SigmaRule.Training) sigmas = SigmaOptions.Space(Rule, sigmas[0], sigmas[^1], sigmas.Length);
        sigmas = Grids.ToSingle(sigmas);
        double[] timesteps = options.Timesteps is { } given ? Grids.ToSingle(given) : Times(sigmas);
        if (!Inverted) return new SamplingGrid(timesteps, [.. sigmas, 0]);
        sigmas = Grids.ToSingle(sigmas.Select(s => 1 - s));
        return new SamplingGrid(Times(sigmas), [.. sigmas, 1]);
    }

    private double[] Times(double[] sigmas) => Grids.ToSingle(sigmas.Select(s => s * trainingTimesteps));

    private IEnumerable<double> Levels(SamplingOptions options)
    {
        if (options.Sigmas is { } given) return Grids.ToSingle(given);
        if (options.Timesteps is { } timesteps) return timesteps.Select(t => (double)((float)t / trainingTimesteps));
        if (HasEvenLevels) return Grids.ToSingle(Grids.Linspace(1, 1.0 / options.Steps, options.Steps));

        // As published: a fixed shift already moves the ends, and then moves the levels between them again.
        double min = 1.0f / trainingTimesteps, end = options.Mu is not null ? min : (float)FlowShift.Apply(shift, min);
        return Grids.Linspace(trainingTimesteps, end * trainingTimesteps, options.Steps).Select(t => t / trainingTimesteps);
    }
}
