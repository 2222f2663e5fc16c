namespace LatentDiffusion.Schedulers;

/// <summary>The published classes, by name.</summary>
internal static class SchedulerClasses
{
    private static readonly Dictionary<string, (SchedulerFamily Family, Func<SchedulerConfig?, NoiseScheduler> Make)> s_classes = new()
    {
        [DdpmScheduler.ClassName] = (SchedulerFamily.Discrete, c => new DdpmScheduler(c)),
        [DdimScheduler.ClassName] = (SchedulerFamily.Discrete, c => new DdimScheduler(c)),
        [PndmScheduler.ClassName] = (SchedulerFamily.Discrete, c => new PndmScheduler(c)),
        [IpndmScheduler.ClassName] = (SchedulerFamily.ContinuousTime, c => new IpndmScheduler(c)),
        [LmsScheduler.ClassName] = (SchedulerFamily.Discrete, c => new LmsScheduler(c)),
        [EulerScheduler.ClassName] = (SchedulerFamily.Discrete, c => new EulerScheduler(c)),
        [EulerAncestralScheduler.ClassName] = (SchedulerFamily.Discrete, c => new EulerAncestralScheduler(c)),
        [HeunScheduler.ClassName] = (SchedulerFamily.Discrete, c => new HeunScheduler(c)),
        [KDpm2Scheduler.ClassName] = (SchedulerFamily.Discrete, c => new KDpm2Scheduler(c)),
        [KDpm2AncestralScheduler.ClassName] = (SchedulerFamily.Discrete, c => new KDpm2AncestralScheduler(c)),
        [DpmSolverMultistepScheduler.ClassName] = (SchedulerFamily.Discrete, c => new DpmSolverMultistepScheduler(c)),
        [DpmSolverSinglestepScheduler.ClassName] = (SchedulerFamily.Discrete, c => new DpmSolverSinglestepScheduler(c)),
        [UniPCScheduler.ClassName] = (SchedulerFamily.Discrete, c => new UniPCScheduler(c)),
        [DeisScheduler.ClassName] = (SchedulerFamily.Discrete, c => new DeisScheduler(c)),
        [SaSolverScheduler.ClassName] = (SchedulerFamily.Discrete, c => new SaSolverScheduler(c)),
        [LcmScheduler.ClassName] = (SchedulerFamily.Discrete, c => new LcmScheduler(c)),
        [TcdScheduler.ClassName] = (SchedulerFamily.Discrete, c => new TcdScheduler(c)),
        [EdmEulerScheduler.ClassName] = (SchedulerFamily.Edm, c => new EdmEulerScheduler(c)),
        [EdmDpmSolverScheduler.ClassName] = (SchedulerFamily.Edm, c => new EdmDpmSolverScheduler(c)),
        [FlowMatchEulerScheduler.ClassName] = (SchedulerFamily.Flow, c => new FlowMatchEulerScheduler(c)),
        [FlowMatchHeunScheduler.ClassName] = (SchedulerFamily.Flow, c => new FlowMatchHeunScheduler(c)),
        [FlowMatchLcmScheduler.ClassName] = (SchedulerFamily.Flow, c => new FlowMatchLcmScheduler(c)),
    };

    private static readonly Lazy<HashSet<string>> s_options = new(() =>
        [.. s_classes.Values.SelectMany(c => c.Make(null).ToConfig().Names)]);

    /// <summary>The published class names.</summary>
    public static IReadOnlyCollection<string> Names => s_classes.Keys;

    /// <summary>Creates a scheduler of a class.</summary>
    /// <exception cref="ArgumentException">The class is unknown, or an option is not valid.</exception>
    public static NoiseScheduler Create(string className, SchedulerConfig? config) => Find(className).Make(config);

    /// <summary>Which models a class samples from.</summary>
    public static SchedulerFamily FamilyOf(string className) => Find(className).Family;

    /// <summary>Which models the scheduler of a configuration samples from. The class may be one that the library does not have.</summary>
    public static SchedulerFamily FamilyOf(SchedulerConfig config) => config.ClassName switch
    {
        { } name when s_classes.TryGetValue(name, out var known) => known.Family,
        { } name when name.StartsWith("FlowMatch", StringComparison.Ordinal) => SchedulerFamily.Flow,
        { } name when name.StartsWith("EDM", StringComparison.Ordinal) => SchedulerFamily.Edm,
        _ => SchedulerFamily.Discrete,
    };

    /// <summary>Whether a class has an option.</summary>
    public static bool HasOption(string className, string name) => Find(className).Make(null).ToConfig().Names.Contains(name);

    /// <summary>Whether any class has an option.</summary>
    public static bool KnowOption(string name) => s_options.Value.Contains(name);

    private static (SchedulerFamily Family, Func<SchedulerConfig?, NoiseScheduler> Make) Find(string className) =>
        s_classes.TryGetValue(className, out (SchedulerFamily, Func<SchedulerConfig?, NoiseScheduler>) found)
            ? found
            : throw new ArgumentException(
                $"The scheduler class '{MessageText.Truncate(className, 100)}' does not exist; "
                + $"expected one of {string.Join(", ", s_classes.Keys)}.");
}
