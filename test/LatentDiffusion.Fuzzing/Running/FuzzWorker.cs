using System.IO.MemoryMappedFiles;

namespace LatentDiffusion.Fuzzing;

/// <summary>
/// Runs one target in this process, and records the seed before each input in a memory-mapped file, which outlives a process
/// that dies. An input that does not end within ten times its limit ends the process.
/// </summary>
internal sealed class FuzzWorker(FuzzTarget target, FuzzLimits limits, TextWriter output)
{
    /// <summary>Exit code if an input did not end.</summary>
    public const int Endless = 3;

    private const int Patience = 10;

    private readonly Lock _gate = new();
    private TimeSpan _started = TimeSpan.MaxValue;
    private int _seed;

    /// <summary>Tests inputs with consecutive seeds.</summary>
    /// <param name="first">The first seed.</param>
    /// <param name="count">Number of inputs.</param>
    /// <param name="notes">File of eight bytes for the current seed; null for none.</param>
    /// <returns>Whether all passed.</returns>
    public bool Run(int first, int count, string? notes)
    {
        using MemoryMappedFile? mapped = notes is null ? null : MemoryMappedFile.CreateFromFile(notes, FileMode.Open, null, sizeof(long));
        using MemoryMappedViewAccessor? note = mapped?.CreateViewAccessor();
        using var watch = new Timer(_ => EndIfEndless(), null, TimeSpan.FromSeconds(1), TimeSpan.FromSeconds(1));
        var run = new FuzzRun(target, limits);
        var summary = new FuzzSummary(target.Name, output);
        bool passed = true;
        for (int i = 0; i < count; i++)
        {
            lock (_gate) (_seed, _started) = (first + i, Environment.CpuUsage.TotalTime);
            note?.Write(0, (long)(first + i));
            FuzzOutcome outcome = run.Try(first + i);
            lock (_gate) _started = TimeSpan.MaxValue;
            summary.Add(outcome);
            passed &= outcome.Problem is null;
        }

        summary.Print();
        return passed;
    }

    private void EndIfEndless()
    {
        lock (_gate)
        {
            if (_started == TimeSpan.MaxValue || Environment.CpuUsage.TotalTime - _started < Patience * limits.Cpu) return;
            FuzzSummary.PrintFailure(target.Name, _seed, $"It did not end within {Patience * limits.Cpu} of processor time.", output);
            output.Flush();
            Environment.Exit(Endless);
        }
    }
}
