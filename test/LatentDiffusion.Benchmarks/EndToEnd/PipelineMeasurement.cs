using System.CommandLine;
using System.Diagnostics;
using TorchSharp;

namespace LatentDiffusion.Benchmarks;

/// <summary>The shipped model in a process of its own, from its start to PNG files. Times are in seconds.</summary>
/// <param name="Start">From the start of the process to the program's first line.</param>
/// <param name="Loading">Building the pipeline: libtorch, configuration, weights and vocabulary.</param>
/// <param name="FirstStep">From the start of the process to the end of the first step of the scheduler.</param>
/// <param name="FirstImage">From the start of the process to the first PNG file.</param>
/// <param name="FirstProcessor">Processor time of all threads until the first PNG file.</param>
/// <param name="Encoding">Encoding prompt and negative prompt.</param>
/// <param name="Step">One step: one evaluation of the denoiser or two, and the scheduler.</param>
/// <param name="Decoding">Latents to pixels.</param>
/// <param name="Png">Pixels to a PNG file in memory.</param>
/// <param name="Image">All of it, for one image.</param>
/// <param name="Processor">Processor time of all threads for one image.</param>
/// <param name="PeakBytes">Peak memory of the process.</param>
internal sealed record PipelineMeasurement(
    double Start, double Loading, double FirstStep, double FirstImage, double FirstProcessor, double Encoding, double Step,
    double Decoding, double Png, double Image, double Processor, long PeakBytes)
{
    private const string Name = "measure-pipeline";

    /// <summary>The command with which the benchmark calls itself.</summary>
    public static Command Command()
    {
        var plain = new Argument<bool>("plain");
        var images = new Argument<int>("images");
        var threads = new Argument<int>("threads");
        var command = new Command(Name) { plain, images, threads };
        command.Hidden = true;
        command.SetAction(parsed => ChildProcess.Print(
            Measure(parsed.GetValue(plain), parsed.GetValue(images), parsed.GetValue(threads))));
        return command;
    }

    /// <summary>Measures in another process.</summary>
    /// <param name="plain">Whether networks compute in the form in which they train.</param>
    /// <param name="images">Images after the first, of which the medians count.</param>
    /// <param name="threads">Threads of libtorch.</param>
    public static PipelineMeasurement MeasureElsewhere(bool plain, int images, int threads) =>
        ChildProcess.Run<PipelineMeasurement>(Name, $"{plain}", $"{images}", $"{threads}");

    private static PipelineMeasurement Measure(bool plain, int images, int threads)
    {
        double start = SinceStart();
        InferenceForm.IsEnabled = !plain;
        CpuRuntime.Configure(new CpuRuntimeOptions { Threads = threads });
        long loading = Stopwatch.GetTimestamp();
        using DiffusionPipeline pipeline = new DiffusionPipelineBuilder().UseDrawingsModel(torch.CPU).Build();
        double loaded = Stopwatch.GetElapsedTime(loading).TotalSeconds;

        var first = new FirstReport();
        var request = new GenerationRequest { Prompt = "a blue bird with its wings spread", Seed = 1 };
        pipeline.Generate(request, first).Images[0].ToPng();
        (double firstImage, double firstProcessor) = (SinceStart(), Environment.CpuUsage.TotalTime.TotalSeconds);

        var measured = new List<(GenerationTimings Timings, double Png, double Image, double Processor)>();
        for (int i = 0; i < images; i++)
        {
            (TimeSpan processor, long began) = (Environment.CpuUsage.TotalTime, Stopwatch.GetTimestamp());
            GenerationResult result = pipeline.Generate(request);
            double generated = Stopwatch.GetElapsedTime(began).TotalSeconds;
            result.Images[0].ToPng();
            double all = Stopwatch.GetElapsedTime(began).TotalSeconds;
            measured.Add((result.Timings, all - generated, all, (Environment.CpuUsage.TotalTime - processor).TotalSeconds));
        }

        return new PipelineMeasurement(
            start, loaded, first.Seconds, firstImage, firstProcessor,
            Median(measured.Select(m => m.Timings.TextEncoding.TotalSeconds)),
            Median(measured.Select(m => m.Timings.Denoising.TotalSeconds)) / first.Steps,
            Median(measured.Select(m => m.Timings.Decoding.TotalSeconds)),
            Median(measured.Select(m => m.Png)), Median(measured.Select(m => m.Image)), Median(measured.Select(m => m.Processor)),
            PeakMemory.Bytes);
    }

    /// <summary>The middle of some numbers.</summary>
    public static double Median(IEnumerable<double> values)
    {
        double[] sorted = [.. values.Order()];
        return sorted[sorted.Length / 2];
    }

    private static double SinceStart()
    {
        using Process self = Process.GetCurrentProcess();
        return (DateTime.Now - self.StartTime).TotalSeconds;
    }

    private sealed class FirstReport : IProgress<GenerationProgress>
    {
        public double Seconds { get; private set; }

        public int Steps { get; private set; }

        public void Report(GenerationProgress value)
        {
            if (Steps == 0) (Seconds, Steps) = (SinceStart(), value.TotalSteps);
        }
    }
}
