namespace LatentDiffusion.Schedulers;

/// <summary>
/// The grid of the samplers that step in σ directly (Euler, Heun, KDPM2, LMS): real timesteps, and noise levels that
/// are interpolated at them or spaced by a rule between the first and the last.
/// </summary>
internal sealed class SigmaGrid(TrainingSigmas training, TimestepSpacing spacing, SigmaRule rule)
{
    /// <summary>Lowest level of the rule; null for that of the chosen timesteps.</summary>
    public double? Min { get; init; }

    /// <summary>Highest level of the rule; null for that of the chosen timesteps.</summary>
    public double? Max { get; init; }

    /// <summary>Whether the last step ends at the lowest training level instead of 0.</summary>
    public bool EndsAtMin { get; init; }

    /// <summary>Whether levels lie evenly in log σ over the whole schedule, one more than there are steps.</summary>
    public bool LogLinear { get; init; }

    /// <summary>Whether Karras timesteps are rounded.</summary>
    public bool RoundsKarras { get; init; }

    public SamplingGrid Make(SamplingOptions options)
    {
        SamplingGrid grid = Levels(options);
        return grid with { InitialSigma = InitialSigma(grid.Sigmas.Max()) };
    }

    /// <summary>The starting noise: √(σ² + 1) where the first timestep is not the last training one.</summary>
    private double InitialSigma(double max) => spacing.Kind == TimestepSpacing.Leading ? Math.Sqrt(max * max + 1) : max;

    private SamplingGrid Levels(SamplingOptions options)
    {
        if (options.Sigmas is { } given)
        {
            double[] custom = Grids.ToSingle(given.Append(0));
            return new SamplingGrid(Grids.ToSingle(custom[..^1].Select(training.TimestepOf)), custom);
        }

        if (options.Timesteps is not null && rule != SigmaRule.Training)
        {
            throw new ArgumentException(
                "Timesteps cannot be given to a scheduler that spaces its noise levels by a rule "
                + "(use_karras_sigmas, use_exponential_sigmas, use_beta_sigmas).",
                nameof(options));
        }

        double[] timesteps = options.Timesteps is { } chosen ? Grids.ToSingle(chosen) : spacing.Reals(options.Steps);
        double[] sigmas = LogLinear
            ? Grids.ToSingle(SigmaSpacing.Exponential(training.Max, training.Min, timesteps.Length + 1))
            : [.. timesteps.Select(training.At)];
        if (rule != SigmaRule.Training)
        {
            sigmas = SigmaOptions.Space(rule, Max ?? sigmas[0], Min ?? sigmas[^1], options.Steps);
            timesteps = [.. sigmas.Select(training.TimestepOf)];
            if (rule == SigmaRule.Karras && RoundsKarras) timesteps = [.. timesteps.Select(t => Math.Round(t))];
        }

        return new SamplingGrid(Grids.ToSingle(timesteps), Grids.ToSingle(sigmas.Append(EndsAtMin ? training.Min : 0)));
    }
}
