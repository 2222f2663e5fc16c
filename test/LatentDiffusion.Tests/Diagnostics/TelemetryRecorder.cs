using System.Collections.Concurrent;
using System.Diagnostics;
using System.Diagnostics.Metrics;

namespace LatentDiffusion.Tests.Diagnostics;

/// <summary>Records the spans and measurements of one source that are of one model: other tests generate at the same time.</summary>
internal sealed class TelemetryRecorder : IDisposable
{
    private const string Model = "gen_ai.request.model";

    private readonly ActivityListener _spans;
    private readonly MeterListener _metrics = new();

    public TelemetryRecorder(string source, string model)
    {
        _spans = new ActivityListener
        {
            ShouldListenTo = s => s.Name == source,
            Sample = (ref _) => ActivitySamplingResult.AllDataAndRecorded,
            ActivityStopped = a => { if (a.GetTagItem(Model) as string == model) Spans.Enqueue(a); },
        };
        ActivitySource.AddActivityListener(_spans);
        _metrics.InstrumentPublished = (instrument, listener) =>
        {
            if (instrument.Meter.Name == source)
                listener.EnableMeasurementEvents(instrument);
        };
        _metrics.SetMeasurementEventCallback<double>((i, value, tags, _) => Record(i, value, tags));
        _metrics.SetMeasurementEventCallback<int>((i, value, tags, _) => Record(i, value, tags));
        _metrics.Start();

        void Record(Instrument instrument, double value, ReadOnlySpan<KeyValuePair<string, object?>> tags)
        {
            var all = new Dictionary<string, object?>(tags.ToArray());
            if (all.GetValueOrDefault(Model) as string == model) Measurements.Enqueue((instrument.Name, value, all));
        }
    }

    public ConcurrentQueue<Activity> Spans { get; } = [];

    public ConcurrentQueue<(string Name, double Value, Dictionary<string, object?> Tags)> Measurements { get; } = [];

    public IEnumerable<double> Values(string name) => Measurements.Where(m => m.Name == name).Select(m => m.Value);

    public void Dispose()
    {
        _spans.Dispose();
        _metrics.Dispose();
    }
}
