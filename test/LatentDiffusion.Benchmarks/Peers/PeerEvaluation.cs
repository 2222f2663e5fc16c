using System.Diagnostics;

namespace LatentDiffusion.Benchmarks;

/// <summary>One evaluation of an engine.</summary>
/// <param name="Seconds">Time.</param>
/// <param name="ProcessorSeconds">Processor time of the process over all threads, including those that wait in a loop.</param>
internal sealed record PeerEvaluation(double Seconds, double ProcessorSeconds)
{
    /// <summary>Evaluates once.</summary>
    public static PeerEvaluation Measure(IPeerEngine engine)
    {
        TimeSpan processor = Environment.CpuUsage.TotalTime;
        long start = Stopwatch.GetTimestamp();
        engine.Evaluate();
        double seconds = Stopwatch.GetElapsedTime(start).TotalSeconds;
        return new PeerEvaluation(seconds, (Environment.CpuUsage.TotalTime - processor).TotalSeconds);
    }
}
