using System.Diagnostics;
using LatentDiffusion;
using LatentDiffusion.Samples;
using Spectre.Console;

namespace StableDiffusion;

/// <summary>Opens the model, draws with a progress bar, saves and tells how long each part took.</summary>
internal static class Drawing
{
    public static async Task<int> Run(ModelChoice model, PictureChoice picture, CancellationToken cancellationToken)
    {
        OutputPath.RequirePng(picture.Out);
        GenerationRequest request = picture.Read();
        var clock = Stopwatch.StartNew();
        using DiffusionPipeline pipeline = model.Open();
        TimeSpan loading = clock.Elapsed;

        GenerationResult result = await AnsiConsole.Progress().StartAsync(context =>
        {
            ProgressTask bar = context.AddTask("Drawing");
            return pipeline.GenerateAsync(request, new Progress<GenerationProgress>(p => (bar.MaxValue, bar.Value) = (p.Evaluations, p.Evaluation)), cancellationToken);
        });

        foreach (GeneratedImage image in result.Images)
        {
            string file = picture.FileOf(image);
            // Without timings, which are told below: one seed is one file.
            image.SavePng(file, timings: false);
            Console.WriteLine($"{Path.GetFullPath(file)} (seed {image.Seed})");
        }

        GenerationTimings timings = result.Timings;
        Console.WriteLine(FormattableString.Invariant(
            $"loading {loading.TotalSeconds:F2} s, text {timings.TextEncoding.TotalSeconds:F2} s, denoising {timings.Denoising.TotalSeconds:F2} s, decoding {timings.Decoding.TotalSeconds:F2} s"));
        return 0;
    }
}
