using System.Diagnostics;
using System.Globalization;
using LatentDiffusion;
using LatentDiffusion.Samples;
using Spectre.Console;

namespace StableDiffusion;

/// <summary>Opens the model, generates with a progress bar, saves, and writes how long each part took.</summary>
internal static class Drawing
{
    public static async Task<int> Run(ModelChoice model, ImageChoice choice, CancellationToken cancellationToken)
    {
        OutputPath.RequirePng(choice.Out);
        GenerationRequest request = choice.Read();
        var clock = Stopwatch.StartNew();
        using DiffusionPipeline pipeline = model.Open();
        TimeSpan loading = clock.Elapsed;

        GenerationResult result = await AnsiConsole.Progress().StartAsync(context =>
        {
            ProgressTask bar = context.AddTask("Drawing");
            var progress = new Progress<GenerationProgress>(p => (bar.MaxValue, bar.Value) = (p.Evaluations, p.Evaluation));
            return pipeline.GenerateAsync(request, progress, cancellationToken);
        });

        foreach (GeneratedImage image in result.Images)
        {
            string file = choice.FileOf(image);
            // Without timings, which are written below: one seed gives one file.
            image.SavePng(file, timings: false);
            Console.WriteLine($"{Path.GetFullPath(file)} (seed {image.Seed})");
        }

        GenerationTimings timings = result.Timings;
        Console.WriteLine(string.Create(
            CultureInfo.InvariantCulture,
            $"loading {loading.TotalSeconds:F2} s, text {timings.TextEncoding.TotalSeconds:F2} s, "
            + $"denoising {timings.Denoising.TotalSeconds:F2} s, decoding {timings.Decoding.TotalSeconds:F2} s"));
        return 0;
    }
}
