using System.Diagnostics;
using System.Globalization;

namespace FineTune;

/// <summary>Resident memory of this process.</summary>
internal static class ProcessMemory
{
    /// <summary>The highest value since the process started; 0 where the operating system does not count it.</summary>
    public static long Peak
    {
        get
        {
            using var self = Process.GetCurrentProcess();
            return self.PeakWorkingSet64;
        }
    }

    /// <summary>A number of bytes in MB or GB, decimal.</summary>
    public static string Text(long bytes)
    {
        (double number, string unit) = bytes < 1_000_000_000 ? (bytes / 1e6, "MB") : (bytes / 1e9, "GB");
        return string.Create(CultureInfo.InvariantCulture, $"{number:0.##} {unit}");
    }
}
