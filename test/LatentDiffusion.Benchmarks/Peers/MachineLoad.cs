namespace LatentDiffusion.Benchmarks;

/// <summary>What else the machine was doing, which decides whether times mean anything.</summary>
internal static class MachineLoad
{
    private const string Path = "/proc/loadavg";

    /// <summary>Mean number of threads that ran or waited over the last 1, 5 and 15 minutes; null where the system does not say.</summary>
    public static string? Current => File.Exists(Path) ? string.Join(' ', File.ReadAllText(Path).Split(' ').Take(3)) : null;
}
