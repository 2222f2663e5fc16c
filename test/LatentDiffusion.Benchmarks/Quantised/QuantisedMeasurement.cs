using System.CommandLine;
using System.Diagnostics;
using static TorchSharp.torch;

namespace LatentDiffusion.Benchmarks;

/// <summary>What opening a model and a generation with it cost, measured in a process of its own.</summary>
/// <param name="OpenSeconds">Time of building the pipeline, with the compilation of the library's code.</param>
/// <param name="OpenBytes">Peak memory of the process until then.</param>
/// <param name="PeakBytes">Peak memory of the process until the end of the generation.</param>
/// <param name="EncodeSeconds">Time of encoding the prompt and of the first evaluation.</param>
/// <param name="Seconds">Time of each further evaluation.</param>
/// <param name="Processor">Processor time of each further evaluation.</param>
/// <param name="DecodeSeconds">Time from the last evaluation to the image.</param>
/// <param name="Operations">Floating-point operations of an evaluation.</param>
/// <param name="Peak">Floating-point operations per second of the fastest matrix product, measured after the generation.</param>
/// <param name="Levels">How many different values the image's bytes have.</param>
internal sealed record QuantisedMeasurement(
    double OpenSeconds, long OpenBytes, long PeakBytes, double EncodeSeconds, IReadOnlyList<double> Seconds,
    IReadOnlyList<double> Processor, double DecodeSeconds, double Operations, double Peak, int Levels)
{
    private const string OpenName = "measure-quantised-open", GenerateName = "measure-quantised-generation";
    private const int Side = 256;

    // About 200 bytes, which the tokenizer gives a token each.
    private const string Prompt = "An old harbour at dawn with fishing boats, gulls above a stone pier, nets that dry on wooden poles, a "
        + "lighthouse far behind in thin fog, warm light from one window, and the reflection of it in calm water.";

    /// <summary>The commands with which the benchmark calls itself.</summary>
    public static IEnumerable<Command> Commands()
    {
        var folder = new Argument<string>("folder");
        var model = new Argument<string>("model");
        var threads = new Argument<int>("threads");
        var open = new Command(OpenName) { folder, model, threads };
        var generate = new Command(GenerateName) { folder, model, threads };
        open.Hidden = generate.Hidden = true;
        open.SetAction(parsed => ChildProcess.Print(Open(Files(parsed), parsed.GetValue(threads))));
        generate.SetAction(parsed => ChildProcess.Print(Generate(Files(parsed), parsed.GetValue(threads))));
        return [open, generate];

        QuantisedFiles Files(ParseResult parsed) =>
            new(parsed.GetValue(folder)!, QuantisedModel.All.Single(known => known.Name == parsed.GetValue(model)));
    }

    /// <summary>Opens the model in another process.</summary>
    /// <returns>The time in seconds.</returns>
    public static double OpenElsewhere(QuantisedFiles files, int threads) =>
        ChildProcess.Run<double>(OpenName, files.Folder, files.Model.Name, $"{threads}");

    /// <summary>Opens the model and generates an image in another process.</summary>
    public static QuantisedMeasurement GenerateElsewhere(QuantisedFiles files, int threads) =>
        ChildProcess.Run<QuantisedMeasurement>(GenerateName, files.Folder, files.Model.Name, $"{threads}");

    private static double Open(QuantisedFiles files, int threads)
    {
        using DiffusionPipeline pipeline = Timed(files, threads, out double seconds);
        return seconds;
    }

    private static DiffusionPipeline Timed(QuantisedFiles files, int threads, out double seconds)
    {
        CpuRuntime.Configure(new CpuRuntimeOptions { Threads = threads });
        zeros(1).Dispose();
        Stopwatch watch = Stopwatch.StartNew();
        DiffusionPipeline pipeline = files.Open();
        seconds = watch.Elapsed.TotalSeconds;
        return pipeline;
    }

    private static QuantisedMeasurement Generate(QuantisedFiles files, int threads)
    {
        using DiffusionPipeline pipeline = Timed(files, threads, out double open);
        int steps = files.Model.Steps;
        long openBytes = PeakMemory.Bytes;
        using var operations = new OperationCount([((TransformerDenoiser)pipeline.Model!.Denoiser).Network]);
        var clock = new EvaluationClock();
        var request = new GenerationRequest { Prompt = Prompt, Width = Side, Height = Side, Seed = 1, Steps = steps };
        GenerationResult result = pipeline.Generate(request, clock);
        clock.Add();
        long peakBytes = PeakMemory.Bytes;
        double[] seconds = [.. clock.Intervals.Select(i => i.Seconds)], processor = [.. clock.Intervals.Select(i => i.Processor)];
        if (seconds.Length != steps + 1)
            throw new InvalidOperationException($"{seconds.Length - 1} evaluations were reported; expected one for each of {steps} steps.");
        return new QuantisedMeasurement(
            open, openBytes, peakBytes, seconds[0], seconds[1..^1], processor[1..^1], seconds[^1], operations.Total / steps,
            MatrixPeak.Measure(), result.Images[0].Image.Rgb.ToArray().Distinct().Count());
    }

    /// <summary>When evaluations ended.</summary>
    private sealed class EvaluationClock : IProgress<GenerationProgress>
    {
        private readonly List<(long Time, TimeSpan Processor)> _ends = [(Stopwatch.GetTimestamp(), Environment.CpuUsage.TotalTime)];

        public IEnumerable<(double Seconds, double Processor)> Intervals => _ends.Zip(_ends.Skip(1), (start, end) =>
            (Stopwatch.GetElapsedTime(start.Time, end.Time).TotalSeconds, (end.Processor - start.Processor).TotalSeconds));

        public void Add() => _ends.Add((Stopwatch.GetTimestamp(), Environment.CpuUsage.TotalTime));

        public void Report(GenerationProgress value) => Add();
    }
}
