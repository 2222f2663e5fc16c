using System.Diagnostics;

namespace LatentDiffusion.Benchmarks;

/// <summary>Times a trainer's steps, and cancels the run after enough of them.</summary>
/// <param name="warmUp">Steps that do not count.</param>
/// <param name="steps">Steps that count.</param>
/// <param name="enough">Cancelled after the last step.</param>
internal sealed class StepTimes(int warmUp, int steps, CancellationTokenSource enough) : IProgress<TrainingProgress>
{
    private readonly List<double> _seconds = [];
    private long _last;

    public double Mean => _seconds.Average();

    public double Median => _seconds.Order().ElementAt(_seconds.Count / 2);

    public double Fastest => _seconds.Min();

    public void Report(TrainingProgress value)
    {
        long now = Stopwatch.GetTimestamp();
        if (value.Step > warmUp) _seconds.Add(Stopwatch.GetElapsedTime(_last, now).TotalSeconds);
        _last = now;
        if (_seconds.Count >= steps) enough.Cancel();
    }
}
