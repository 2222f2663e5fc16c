namespace LatentDiffusion.Schedulers;

/// <summary>The options that describe how a model with a discrete schedule was trained.</summary>
internal static class ScheduleOptions
{
    /// <summary>A last ᾱ that is not quite 0, for schedulers that divide by it: the smallest number of half precision.</summary>
    private const double SmallestAlphaBar = 1.0 / (1 << 24);

    /// <summary>The longest schedule; published models have 1000 timesteps, a few 4000.</summary>
    public const int MostTimesteps = 100_000;

    /// <summary>Reads T, the betas and, where the class has it, <c>rescale_betas_zero_snr</c>.</summary>
    /// <param name="options">Where from.</param>
    /// <param name="betaStart">The class's default.</param>
    /// <param name="betaEnd">The class's default.</param>
    /// <param name="betaSchedule">The class's default.</param>
    /// <param name="rescale">Whether the class can rescale to zero terminal SNR.</param>
    /// <param name="finite">Whether the last ᾱ then has to stay above 0.</param>
    /// <param name="moreSchedules">Beta schedules of this class in addition to the three common ones.</param>
    public static NoiseSchedule ReadSchedule(
        OptionReader options,
        double betaStart = 1e-4,
        double betaEnd = 0.02,
        string betaSchedule = "linear",
        bool rescale = false,
        bool finite = false,
        params string[] moreSchedules)
    {
        int timesteps = options.Int("num_train_timesteps", 1000, max: MostTimesteps);
        double start = options.Double("beta_start", betaStart), end = options.Double("beta_end", betaEnd);
        string kind = options.Choice("beta_schedule", betaSchedule, ["linear", "scaled_linear", "squaredcos_cap_v2", .. moreSchedules]);
        double[]? trained = options.Doubles("trained_betas");
        if (trained is not null && trained.Length != timesteps)
            throw new ArgumentException($"trained_betas has {trained.Length} values and num_train_timesteps is {timesteps}.");

        NoiseSchedule schedule = trained is not null ? NoiseSchedule.FromBetas(trained) : Make(kind, timesteps, start, end);
        schedule = schedule.InSinglePrecision();
        if (!rescale || !options.Bool("rescale_betas_zero_snr", false)) return schedule;
        schedule = schedule.WithZeroTerminalSnr().InSinglePrecision();
        return finite ? schedule.WithLastAlphaBar(SmallestAlphaBar) : schedule;
    }

    /// <summary>
    /// As <see cref="NoiseSchedule"/> has them, but with evenly spaced numbers that are rounded where the published ones are.
    /// </summary>
    private static NoiseSchedule Make(string kind, int timesteps, double start, double end) => kind switch
    {
        "linear" => NoiseSchedule.FromBetas(Grids.SingleLinspace(start, end, timesteps)),
        "scaled_linear" => NoiseSchedule.FromBetas(
            [.. Grids.SingleLinspace(Math.Sqrt(start), Math.Sqrt(end), timesteps).Select(root => root * root)]),
        "sigmoid" => NoiseSchedule.Sigmoid(timesteps, start, end),
        "exp" => NoiseSchedule.Exponential(timesteps),
        "laplace" => NoiseSchedule.Laplace(timesteps),
        _ => NoiseSchedule.Cosine(timesteps),
    };
}
