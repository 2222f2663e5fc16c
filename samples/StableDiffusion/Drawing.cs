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
        OutputPath.RequireImage(choice.Out);
        GenerationRequest request = choice.Read();
        if (choice.Source is { } source)
        {
            (request, IReadOnlyList<string> remarks) = source.Complete(request);
            foreach (string remark in remarks) Console.WriteLine($"{source.File.Name}: {remark}");
        }

        if (PublishedModel.IsId(model.Path))
            model = model with { Downloaded = await PublishedModel.DownloadAsync(model, cancellationToken) };
        var clock = Stopwatch.StartNew();
        using DiffusionPipeline pipeline = model.Open();
        TimeSpan loading = clock.Elapsed;
        NegativePromptRule.Check(request, pipeline.Model!);

        GenerationResult result = await ErrorConsole.CreateForTerminal().Progress().StartAsync(context =>
        {
            ProgressTask bar = context.AddTask("Drawing");
            var progress = new Progress<GenerationProgress>(p => (bar.MaxValue, bar.Value) = (p.TotalSteps, p.CompletedSteps));
            return choice.WritesPreviews
                ? PreviewFile.GenerateAsync(pipeline, request, PreviewFile.Of(choice.Out), progress, cancellationToken)
                : pipeline.GenerateAsync(request, progress, cancellationToken);
        });

        foreach (GeneratedImage image in result.Images)
        {
            string file = choice.FileOf(image);
            // Without timings, which are written below: one seed gives one file.
            image.Save(file, timings: false);
            Console.WriteLine($"{Path.GetFullPath(file)} (seed {image.Seed})");
        }

        (GenerationRequest drawn, string? family) = (result.Request, pipeline.Model?.Components?.Family.Name);
        Console.WriteLine(string.Create(
            CultureInfo.InvariantCulture,
            $"{family}: {drawn.Steps} steps, guidance scale {drawn.GuidanceScale}, {drawn.Width} x {drawn.Height}"));
        GenerationTimings timings = result.Timings;
        Console.WriteLine(string.Create(
            CultureInfo.InvariantCulture,
            $"loading {loading.TotalSeconds:F2} s, text {timings.TextEncoding.TotalSeconds:F2} s, "
            + $"denoising {timings.Denoising.TotalSeconds:F2} s, decoding {timings.Decoding.TotalSeconds:F2} s"));
        return 0;
    }
}
