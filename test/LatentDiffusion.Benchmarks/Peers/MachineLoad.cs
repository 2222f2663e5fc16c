namespace LatentDiffusion.Benchmarks;

/// <summary>Other load on the machine, which decides whether times are meaningful.</summary>
internal static class MachineLoad
{
    private const string Path = "/proc/loadavg";

    /// <summary>
    /// Mean number of threads that ran or waited over the last 1, 5 and 15 minutes; null if the system does not report it.
    /// </summary>
    public static string? Current => File.Exists(Path) ? string.Join(' ', File.ReadAllText(Path).Split(' ').Take(3)) : null;
}
