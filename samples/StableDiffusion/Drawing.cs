using System.Diagnostics;
using LatentDiffusion;
using Spectre.Console;

namespace StableDiffusion;

/// <summary>Opens the model, draws with a progress bar, saves and tells how long each part took.</summary>
internal static class Drawing
{
    public static async Task<int> Run(ModelChoice model, PictureChoice picture, CancellationToken cancellationToken)
    {
        try
        {
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
        catch (OperationCanceledException)
        {
            Console.Error.WriteLine("Cancelled; nothing was written.");
            return 130;
        }
        catch (ArgumentException e)
        {
            // What the pipeline refuses, before it computes anything.
            return Refusal.Tell(e.Message.Replace($" (Parameter '{e.ParamName}')", "", StringComparison.Ordinal));
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or InvalidDataException or InvalidOperationException or CheckpointException or NotSupportedException or NonFiniteValuesException or TorchUnavailableException)
        {
            Console.Error.WriteLine(e.Message);
            return 1;
        }
    }
}
