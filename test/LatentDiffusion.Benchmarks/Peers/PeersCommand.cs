using System.CommandLine;
using TorchSharp;

namespace LatentDiffusion.Benchmarks;

/// <summary>The command line of <see cref="PeersBenchmark"/>.</summary>
internal static class PeersCommand
{
    private const string Graphs = "../shared/bench";

    public static Command Create()
    {
        var names = new Argument<string[]>("names")
        {
            Description = "Graphs to measure; all if none is given.", Arity = ArgumentArity.ZeroOrMore,
        };
        names.AcceptOnlyFromAmong([.. PeerGraph.Names]);
        var folder = new Option<string>("--graphs")
        {
            Description = "Folder of the graphs and their descriptions.", DefaultValueFactory = _ => Graphs,
        };
        var evaluations = new Option<int>("--evaluations")
        {
            Description = "Evaluations of each engine that count.", DefaultValueFactory = _ => 9,
        };
        var threads = new Option<int?>("--threads") { Description = "Threads of each engine; the number of cores if not given." };
        var unset = new Option<bool>("--no-runtime-settings") { Description = "Without the settings that the samples use." };
        var plain = new Option<bool>("--plain") { Description = "Compute in the form in which networks train." };
        var noMemory = new Option<bool>("--no-memory") { Description = "Do not measure memory." };
        var json = new Option<string?>("--json") { Description = "File to write all measurements to." };
        Positive(evaluations);
        Positive(threads);
        const string Description = "Time and memory of the library's networks compared with ONNX Runtime, on the same weights and inputs.";
        var command = new Command("peers", Description)
        {
            names, folder, evaluations, threads, unset, plain, noMemory, json,
        };
        command.SetAction(parsed =>
        {
            int? count = parsed.GetValue(threads);
            // The threads of the matrix products, whose speed is the peak.
            torch.set_num_threads(count ?? Environment.ProcessorCount);
            var options = new PeerEngineOptions(
                Folder: "", Work: "", Graph: "", IsOnnx: false, count, IsConfigured: !parsed.GetValue(unset), parsed.GetValue(plain));
            string[] chosen = parsed.GetValue(names) is { Length: > 0 } given ? given : [.. PeerGraph.Names];
            var benchmark = new PeersBenchmark(
                options, parsed.GetValue(folder)!, parsed.GetValue(evaluations), !parsed.GetValue(noMemory), Console.Out);
            IReadOnlyList<PeerResult> results = benchmark.Run(chosen);
            PeerReport.Print(results, Console.Out);
            if (parsed.GetValue(json) is { } path) PeerReport.Write(results, path);
        });
        return command;
    }

    private static void Positive<T>(Option<T> option) => option.Validators.Add(result =>
    {
        if (result.Tokens is [var token] && int.TryParse(token.Value, out int value) && value < 1)
            result.AddError($"{option.Name} is {value}; it must be at least 1.");
    });
}
