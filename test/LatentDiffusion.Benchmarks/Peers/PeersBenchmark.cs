using System.Diagnostics;
using static TorchSharp.torch;

namespace LatentDiffusion.Benchmarks;

/// <summary>
/// Compares the library with ONNX Runtime, the engine of other .NET libraries: the same networks, weights and inputs on the
/// same machine. Each engine has its own process, and they evaluate in turn.
/// </summary>
/// <param name="options">Settings of the engines; graph and folders are those of the measurement.</param>
/// <param name="folder">Folder of the graphs.</param>
/// <param name="evaluations">Evaluations of each engine that count.</param>
/// <param name="memory">Whether to measure memory, each engine in a separate process.</param>
/// <param name="log">Receives the results.</param>
internal sealed class PeersBenchmark(PeerEngineOptions options, string folder, int evaluations, bool memory, TextWriter log)
{
    // Threads of both engines wait in a loop for some time after an evaluation, and would take cores from the other engine.
    // Those of this process do after the matrix products.
    private static readonly TimeSpan s_pause = TimeSpan.FromMilliseconds(50);

    private static readonly TimeSpan s_warmUp = TimeSpan.FromSeconds(5);

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
            PeerEngineOptions library = options with { Folder = graph.Folder, Work = work, Graph = graph.Name, IsOnnx = false };
            PeerEngineOptions peer = library with { IsOnnx = true };
            PeerMemory? ours = memory ? PeerMemory.MeasureElsewhere(library) : null;
            PeerMemory? theirs = memory ? PeerMemory.MeasureElsewhere(peer) : null;
            return Compare(graph, library, peer) with { LibraryMemory = ours, PeerMemory = theirs };
        }
        finally
        {
            Directory.Delete(work, recursive: true);
        }
    }

    private PeerResult Compare(PeerGraph graph, PeerEngineOptions libraryOptions, PeerEngineOptions peerOptions)
    {
        double peak = MatrixPeak.Measure(), operations = CountOperations(libraryOptions);
        using var library = new PeerProcess(libraryOptions);
        using var peer = new PeerProcess(peerOptions);
        string path = Path.Combine(libraryOptions.Work, "output");
        float[] ours = library.Output(path), theirs = peer.Output(path);
        double difference = ours.Zip(theirs, (a, b) => (double)Math.Abs(a - b)).Max();
        WarmUp(library);
        WarmUp(peer);
        List<PeerEvaluation> libraryTimes = [], peerTimes = [];
        for (int i = 0; i < evaluations; i++)
        {
            libraryTimes.Add(Time(library));
            peerTimes.Add(Time(peer));
        }

        peak = Math.Max(peak, MatrixPeak.Measure());
        return new PeerResult(
            graph.Name, Times(libraryTimes), Times(peerTimes), difference, operations, peak, LibraryMemory: null, PeerMemory: null);
    }

    // In a process of its own: counting holds the weights, which every later evaluation would then compare.
    private static double CountOperations(PeerEngineOptions options)
    {
        using var counted = new PeerProcess(options);
        return counted.CountOperations();
    }

    // Both engines allocate in their first evaluations; .NET compiles what it has called often in the background.
    private static void WarmUp(PeerProcess engine)
    {
        var clock = Stopwatch.StartNew();
        do engine.Time();
        while (clock.Elapsed < s_warmUp);
    }

    private static PeerTimes Times(List<PeerEvaluation> times) =>
        new([.. times.Select(t => t.Seconds)], [.. times.Select(t => t.ProcessorSeconds)]);

    private static PeerEvaluation Time(PeerProcess engine)
    {
        Thread.Sleep(s_pause);
        return engine.Time();
    }
}
