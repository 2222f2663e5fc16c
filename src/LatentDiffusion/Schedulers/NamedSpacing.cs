namespace LatentDiffusion.Schedulers;

/// <summary>The spacings of timesteps or noise levels that the name of a scheduler may end in.</summary>
internal static class NamedSpacing
{
    private const string Timesteps = "timestep_spacing";

    /// <summary>Options that choose how noise levels are spaced, of which one may be set.</summary>
    private static readonly Dictionary<string, string> s_levels = new(StringComparer.OrdinalIgnoreCase)
    {
        [Karras] = "use_karras_sigmas", [Exponential] = "use_exponential_sigmas", [Beta] = "use_beta_sigmas",
    };

    public const string Karras = "karras", Exponential = "exponential", Beta = "beta";

    /// <summary>The choice with a spacing; null if its class does not have that.</summary>
    public static KnownScheduler? Apply(KnownScheduler scheduler, string spacing)
    {
        string name = $"{scheduler.Name}-{spacing.ToLowerInvariant()}";
        if (KnownSchedulers.All.FirstOrDefault(k => k.Name == name) is { } known) return known;
        string option = s_levels.GetValueOrDefault(spacing, Timesteps);
        bool isSpacing = option != Timesteps
            || spacing.ToLowerInvariant() is TimestepSpacing.Linspace or TimestepSpacing.Leading or TimestepSpacing.Trailing;
        if (!isSpacing || !SchedulerClasses.HasOption(scheduler.ClassName, option)) return null;
        return option == Timesteps
            ? scheduler.With(name, (Timesteps, spacing.ToLowerInvariant()))
            : scheduler.With(name, [.. s_levels.Values
                .Where(level => SchedulerClasses.HasOption(scheduler.ClassName, level))
                .Select(level => (level, (object?)(level == option)))]);
    }

    /// <summary>The choice of a name that ends in a spacing; null for other names.</summary>
    public static KnownScheduler? Find(string? name)
    {
        int end = name?.LastIndexOf('-') ?? -1;
        if (end < 0) return null;
        KnownScheduler? scheduler = KnownSchedulers.All.FirstOrDefault(
            k => name.AsSpan(0, end).Equals(k.Name, StringComparison.OrdinalIgnoreCase));
        return scheduler is null ? null : Apply(scheduler, name![(end + 1)..]);
    }
}
