using System.Diagnostics;
using static TorchSharp.torch;

namespace LatentDiffusion.Benchmarks;

/// <summary>
/// Compares the library with ONNX Runtime, the engine of other .NET libraries: the same networks, weights and inputs on the
/// same machine, evaluated in turn in one process.
/// </summary>
/// <param name="folder">Folder of the graphs.</param>
/// <param name="evaluations">Evaluations of each engine that count.</param>
/// <param name="memory">Whether to measure memory, each engine in a separate process.</param>
/// <param name="log">Receives the results.</param>
internal sealed class PeersBenchmark(string folder, int evaluations, bool memory, TextWriter log)
{
    // Threads of both engines wait in a loop for some time after an evaluation, and would take cores from the other engine.
    private static readonly TimeSpan s_pause = TimeSpan.FromMilliseconds(50);

    /// <summary>Measures graphs. Missing ones are left out, and the reason is printed.</summary>
    public IReadOnlyList<PeerResult> Run(IReadOnlyList<string> names)
    {
        log.WriteLine($"{get_num_threads()} threads, {CpuCapability.Current}, load before: {MachineLoad.Current ?? "unknown"}.");
        List<PeerResult> results = [];
        foreach (string name in names)
        {
            if (PeerGraph.Missing(folder, name) is { } reason)
            {
                log.WriteLine($"{name} is skipped: {reason}.");
                continue;
            }

            results.Add(Measure(PeerGraph.Read(folder, name)));
            PeerResult last = results[^1];
            log.WriteLine(
                $"{name}: ratio {last.Ratio:0.00} (fastest {last.FastestRatio:0.00}), load after: {MachineLoad.Current ?? "unknown"}.");
        }

        return results;
    }

    private PeerResult Measure(PeerGraph graph)
    {
        string work = Directory.CreateTempSubdirectory("peers-").FullName;
        try
        {
            PeerWeights.Write(graph, Path.Combine(work, graph.WeightsName));
            File.Copy(graph.OnnxPath, Path.Combine(work, Path.GetFileName(graph.OnnxPath)));
            PeerMemory? ours = memory ? PeerMemory.MeasureElsewhere(graph, work, onnx: false) : null;
            PeerMemory? theirs = memory ? PeerMemory.MeasureElsewhere(graph, work, onnx: true) : null;
            return Compare(graph, work) with { LibraryMemory = ours, PeerMemory = theirs };
        }
        finally
        {
            Directory.Delete(work, recursive: true);
        }
    }

    private PeerResult Compare(PeerGraph graph, string work)
    {
        double peak = MatrixPeak.Measure();
        using var library = new LibraryEngine(graph, work);
        double operations = library.CountOperations();
        using var peer = new OnnxEngine(graph, work, get_num_threads());
        float[] ours = library.Evaluate(), theirs = peer.Evaluate();
        double difference = ours.Zip(theirs, (a, b) => (double)Math.Abs(a - b)).Max();
        library.Evaluate();
        peer.Evaluate();
        List<(double Seconds, double Processor)> libraryTimes = [], peerTimes = [];
        for (int i = 0; i < evaluations; i++)
        {
            libraryTimes.Add(Time(library));
            peerTimes.Add(Time(peer));
        }

        peak = Math.Max(peak, MatrixPeak.Measure());
        return new PeerResult(
            graph.Name, Times(libraryTimes), Times(peerTimes), difference, operations, peak, LibraryMemory: null, PeerMemory: null);
    }

    private static PeerTimes Times(List<(double Seconds, double Processor)> times) =>
        new([.. times.Select(t => t.Seconds)], [.. times.Select(t => t.Processor)]);

    private static (double Seconds, double Processor) Time(IPeerEngine engine)
    {
        Thread.Sleep(s_pause);
        TimeSpan processor = Environment.CpuUsage.TotalTime;
        long start = Stopwatch.GetTimestamp();
        engine.Evaluate();
        double seconds = Stopwatch.GetElapsedTime(start).TotalSeconds;
        return (seconds, (Environment.CpuUsage.TotalTime - processor).TotalSeconds);
    }
}
