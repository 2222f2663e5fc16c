using System.Globalization;

namespace LatentDiffusion.Samples;

/// <summary>Counts on the error stream, a line every ten seconds.</summary>
internal static class ConsoleProgress
{
    private static readonly TimeSpan s_interval = TimeSpan.FromSeconds(10);

    private static long s_last = Environment.TickCount64;

    public static void Report(string work, long done)
    {
        long last = Interlocked.Read(ref s_last), now = Environment.TickCount64;
        if (now - last >= s_interval.TotalMilliseconds && Interlocked.CompareExchange(ref s_last, now, last) == last)
            Console.Error.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{work}: {done}"));
    }
}
