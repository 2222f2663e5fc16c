using System.CommandLine;
using System.Diagnostics;
using TorchSharp;

namespace LatentDiffusion.Benchmarks;

/// <summary>What one setting of a generation costs, measured in a process of its own.</summary>
/// <param name="Side">Width and height in pixels.</param>
/// <param name="Batch">Images that share evaluations.</param>
/// <param name="Steps">Steps of the scheduler.</param>
/// <param name="Threads">Threads of libtorch.</param>
/// <param name="Seconds">Time of the generation.</param>
/// <param name="Processor">Processor time of all threads in it, in seconds.</param>
/// <param name="WorkingBytes">Peak memory of the generation beyond what the process had before it.</param>
internal sealed record ScalingPoint(
    int Side, int Batch, int Steps, int Threads, double Seconds, double Processor, long WorkingBytes)
{
    private const string Name = "measure-scaling";

    /// <summary>The command with which the benchmark calls itself.</summary>
    public static Command Command()
    {
        var side = new Argument<int>("side");
        var batch = new Argument<int>("batch");
        var steps = new Argument<int>("steps");
        var threads = new Argument<int>("threads");
        var repetitions = new Argument<int>("repetitions");
        var command = new Command(Name) { side, batch, steps, threads, repetitions };
        command.Hidden = true;
        command.SetAction(parsed => ChildProcess.Print(Measure(
            parsed.GetValue(side), parsed.GetValue(batch), parsed.GetValue(steps), parsed.GetValue(threads),
            parsed.GetValue(repetitions))));
        return command;
    }

    /// <summary>Measures in another process: the fastest of some repetitions.</summary>
    public static ScalingPoint MeasureElsewhere(int side, int batch, int steps, int threads, int repetitions) =>
        ChildProcess.Run<ScalingPoint>(Name, $"{side}", $"{batch}", $"{steps}", $"{threads}", $"{repetitions}");

    private static ScalingPoint Measure(int side, int batch, int steps, int threads, int repetitions)
    {
        CpuRuntime.Configure(new CpuRuntimeOptions { Threads = threads, KeepFreedMemory = false });
        using DiffusionPipeline pipeline = new DiffusionPipelineBuilder()
            .UseDrawingsModel(torch.CPU).Configure(o => o.BatchSize = batch).Build();
        var request = new GenerationRequest
        {
            Prompt = "a blue bird with its wings spread", Seed = 1, Width = side, Height = side, ImageCount = batch, Steps = steps,
        };
        // Packs the weights and compiles the code.
        pipeline.Generate(request with { Steps = 2, Width = 128, Height = 128 });
        long before = PeakMemory.CurrentBytes;
        PeakMemory.Restart();
        var times = new List<(double Seconds, double Processor)>();
        for (int i = 0; i < repetitions; i++)
        {
            (TimeSpan processor, long began) = (Environment.CpuUsage.TotalTime, Stopwatch.GetTimestamp());
            pipeline.Generate(request);
            times.Add((Stopwatch.GetElapsedTime(began).TotalSeconds, (Environment.CpuUsage.TotalTime - processor).TotalSeconds));
        }

        return new ScalingPoint(
            side, batch, steps, threads, times.Min(t => t.Seconds), times.Min(t => t.Processor), Math.Max(0, PeakMemory.Bytes - before));
    }
}
