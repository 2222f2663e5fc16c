using System.CommandLine;

namespace LatentDiffusion.Benchmarks;

/// <summary>Memory of one engine in a separate process: everything that it loads, and a few evaluations.</summary>
/// <param name="PeakBytes">Peak resident memory of the process.</param>
/// <param name="RestBytes">Resident memory after the evaluations.</param>
/// <param name="LoadSeconds">Time of building the network and reading its parameters.</param>
internal sealed record PeerMemory(long PeakBytes, long RestBytes, double LoadSeconds)
{
    private const string Name = "measure-peer";
    private const int Evaluations = 3;

    /// <summary>The command with which the benchmark calls itself.</summary>
    public static Command Command()
    {
        var folder = new Argument<string>("folder");
        var work = new Argument<string>("work");
        var graph = new Argument<string>("graph");
        var onnx = new Argument<bool>("onnx");
        var plain = new Argument<bool>("plain");
        var command = new Command(Name) { folder, work, graph, onnx, plain };
        command.Hidden = true;
        command.SetAction(parsed =>
        {
            CpuRuntime.Configure();
            InferenceForm.IsEnabled = !parsed.GetValue(plain);
            PeerGraph description = PeerGraph.Read(parsed.GetValue(folder)!, parsed.GetValue(graph)!);
            ChildProcess.Print(Measure(description, parsed.GetValue(work)!, parsed.GetValue(onnx)));
        });
        return command;
    }

    /// <summary>Measures an engine in another process.</summary>
    public static PeerMemory MeasureElsewhere(PeerGraph graph, string work, bool onnx) =>
        ChildProcess.Run<PeerMemory>(Name, graph.Folder, work, graph.Name, $"{onnx}", $"{!InferenceForm.IsEnabled}");

    private static PeerMemory Measure(PeerGraph graph, string work, bool onnx)
    {
        long start = System.Diagnostics.Stopwatch.GetTimestamp();
        using IPeerEngine engine = onnx ? new OnnxEngine(graph, work, threads: null) : new LibraryEngine(graph, work);
        double seconds = System.Diagnostics.Stopwatch.GetElapsedTime(start).TotalSeconds;
        for (int i = 0; i < Evaluations; i++) engine.Evaluate();
        return new PeerMemory(PeakMemory.Bytes, PeakMemory.CurrentBytes, seconds);
    }
}
