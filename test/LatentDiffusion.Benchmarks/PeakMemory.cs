using System.Diagnostics;
using System.Globalization;

namespace LatentDiffusion.Benchmarks;

/// <summary>Resident memory of this process, as the operating system counts it.</summary>
internal static class PeakMemory
{
    private const string Status = "/proc/self/status", ClearPeak = "/proc/self/clear_refs";

    /// <summary>The peak since the process started, or since <see cref="Restart"/>.</summary>
    public static long Bytes => Read("VmHWM:", process => process.PeakWorkingSet64);

    /// <summary>The current value.</summary>
    public static long CurrentBytes => Read("VmRSS:", process => process.WorkingSet64);

    /// <summary>Restarts the count of the peak if the system supports it; otherwise it remains that of the whole process.</summary>
    public static void Restart()
    {
        const string ResetPeak = "5";
        if (File.Exists(ClearPeak)) File.WriteAllText(ClearPeak, ResetPeak);
    }

    private static long Read(string entry, Func<Process, long> elsewhere)
    {
        if (File.Exists(Status)
            && File.ReadLines(Status).FirstOrDefault(line => line.StartsWith(entry, StringComparison.Ordinal)) is { } line)
            return 1024 * long.Parse(line[entry.Length..].Replace("kB", "", StringComparison.Ordinal), CultureInfo.InvariantCulture);
        using Process self = Process.GetCurrentProcess();
        return elsewhere(self);
    }
}
