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
        var options = new Argument<string>("options");
        var command = new Command(Name) { options };
        command.Hidden = true;
        command.SetAction(parsed => ChildProcess.Print(Measure(PeerEngineOptions.Parse(parsed.GetValue(options)!))));
        return command;
    }

    /// <summary>Measures an engine in another process.</summary>
    public static PeerMemory MeasureElsewhere(PeerEngineOptions options) => ChildProcess.Run<PeerMemory>(Name, options.ToArgument());

    private static PeerMemory Measure(PeerEngineOptions options)
    {
        long start = System.Diagnostics.Stopwatch.GetTimestamp();
        using IPeerEngine engine = options.Open();
        double seconds = System.Diagnostics.Stopwatch.GetElapsedTime(start).TotalSeconds;
        for (int i = 0; i < Evaluations; i++) engine.Evaluate();
        return new PeerMemory(PeakMemory.Bytes, PeakMemory.CurrentBytes, seconds);
    }
}
