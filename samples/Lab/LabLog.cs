using System.Globalization;

namespace Lab;

/// <summary>Writes what is being done to the error stream, each line with the time since the start.</summary>
/// <param name="time">The clock.</param>
internal sealed class LabLog(TimeBudget time)
{
    private static readonly TimeSpan s_interval = TimeSpan.FromSeconds(5);

    private TimeSpan _last = -s_interval;

    /// <summary>Writes a line.</summary>
    public void Write(string text)
    {
        _last = time.Elapsed;
        Console.Error.WriteLine(string.Create(CultureInfo.InvariantCulture, $@"{_last:mm\:ss} {text}"));
    }

    /// <summary>Writes a line if the last one is some seconds old.</summary>
    public void Update(Func<string> text)
    {
        if (time.Elapsed - _last >= s_interval) Write(text());
    }
}
