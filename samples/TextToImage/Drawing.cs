using System.Diagnostics;
using System.Globalization;
using LatentDiffusion;
using LatentDiffusion.Samples;
using Spectre.Console;

namespace TextToImage;

/// <summary>Loads a model, generates with a progress bar, saves, and writes how long each part took.</summary>
internal static class Drawing
{
    public static async Task<int> Run(
        GenerationRequest request, FileInfo? initialImage, FileInfo? mask, string? scheduler, string? model, bool fewSteps, string path,
        CancellationToken cancellationToken)
    {
        OutputPath.RequireImage(path);
        request = request with { InitialImage = Read(initialImage, RgbColor.White), Mask = Read(mask, RgbColor.Black) };
        var clock = Stopwatch.StartNew();
        var builder = new DiffusionPipelineBuilder().UseLoggerFactory(new WarningsToConsole());
        if (fewSteps) builder.UseFewStepDrawingsModel();
        else if (model is null) builder.UseDrawingsModel();
        else if (File.Exists(model)) builder.UseModelFile(model);
        else builder.UseModelFolder(model);
        if (scheduler is not null) builder.UseScheduler(scheduler);
        using DiffusionPipeline pipeline = builder.Build();
        TimeSpan loading = clock.Elapsed;

        GenerationResult result = await ErrorConsole.CreateForTerminal().Progress().StartAsync(context =>
        {
            ProgressTask bar = context.AddTask("Drawing");
            var progress = new Progress<GenerationProgress>(p => (bar.MaxValue, bar.Value) = (p.TotalSteps, p.CompletedSteps));
            return pipeline.GenerateAsync(request, progress, cancellationToken);
        });

        foreach (GeneratedImage image in result.Images)
        {
            string file = result.Images.Count == 1 ? path : Path.ChangeExtension(path, $"{image.Seed}{Path.GetExtension(path)}");
            // Without timings, which are written below: one seed gives one file.
            image.Save(file, timings: false);
            Console.WriteLine($"{Path.GetFullPath(file)} (seed {image.Seed})");
        }

        GenerationTimings timings = result.Timings;
        Console.WriteLine(string.Create(
            CultureInfo.InvariantCulture,
            $"loading {loading.TotalSeconds:F2} s, text {timings.TextEncoding.TotalSeconds:F2} s, "
            + $"denoising {timings.Denoising.TotalSeconds:F2} s, decoding {timings.Decoding.TotalSeconds:F2} s"));
        return 0;
    }

    private static ImageBuffer? Read(FileInfo? file, RgbColor background) =>
        file is null ? null : new SkiaImageCodec().Decode(File.ReadAllBytes(file.FullName), background);
}
