using System.Diagnostics.Metrics;
using System.Globalization;

namespace LatentDiffusion.Jobs.Worker;

/// <summary>The durations of this process's generations, from the library's own metric.</summary>
internal sealed class GenerationTimes : IDisposable
{
    private const string Duration = "gen_ai.client.operation.duration";

    private readonly MeterListener _listener = new();
    private readonly Lock _lock = new();
    private int _count;
    private double _seconds;

    public GenerationTimes()
    {
        _listener.InstrumentPublished = (instrument, listener) =>
        {
            if (instrument.Name == Duration) listener.EnableMeasurementEvents(instrument);
        };
        _listener.SetMeasurementEventCallback<double>((_, seconds, _, _) => Add(seconds));
        _listener.Start();
    }

    /// <summary>The number of generations and their total duration in milliseconds.</summary>
    public string Text()
    {
        lock (_lock) return string.Create(CultureInfo.InvariantCulture, $"{_count} {_seconds * 1000:F1}");
    }

    /// <summary>Reads a text.</summary>
    public static (int Count, double Milliseconds) Parse(string text)
    {
        string[] parts = text.Split(' ');
        return (int.Parse(parts[0], CultureInfo.InvariantCulture), double.Parse(parts[1], CultureInfo.InvariantCulture));
    }

    public void Dispose() => _listener.Dispose();

    private void Add(double seconds)
    {
        lock (_lock) (_count, _seconds) = (_count + 1, _seconds + seconds);
    }
}
