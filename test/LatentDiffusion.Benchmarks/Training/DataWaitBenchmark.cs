using System.CommandLine;
using System.Globalization;
using System.Text.Json.Nodes;
using SkiaSharp;

namespace LatentDiffusion.Benchmarks;

/// <summary>
/// How long steps wait for images of three megapixels: JPEG files that are decoded and resized while the step before is computed. The
/// shipped autoencoder is trained on them, because a denoiser reads cached latents.
/// </summary>
internal static class DataWaitBenchmark
{
    private const int Width = 2048, Height = 1536, Files = 24, Quality = 90;

    public static Command Create()
    {
        var steps = new Option<int>("--steps") { Description = "Number of measured steps.", DefaultValueFactory = _ => 10 };
        var batch = new Option<int>("--batch") { Description = "Images per step.", DefaultValueFactory = _ => 4 };
        var size = new Option<int>("--size") { Description = "Side of the trained images in pixels.", DefaultValueFactory = _ => 256 };
        foreach (Option<int> option in new[] { steps, batch, size })
        {
            option.Validators.Add(result =>
            {
                if (result.GetValue(option) is < 1 and var value) result.AddError($"{option.Name} is {value}; expected at least 1.");
            });
        }

        const string Description = "Fraction of a training step that waits for JPEG images of three megapixels.";
        var command = new Command("data-wait", Description) { steps, batch, size };
        command.SetAction(parsed => Run(parsed.GetValue(steps), parsed.GetValue(batch), parsed.GetValue(size)));
        return command;
    }

    private static void Run(int steps, int batch, int size)
    {
        DirectoryInfo folder = Directory.CreateTempSubdirectory("data-wait-");
        try
        {
            string images = Directory.CreateDirectory(Path.Combine(folder.FullName, "images")).FullName;
            for (int i = 0; i < Files; i++) WriteJpeg(Path.Combine(images, $"{i}.jpg"), i);
            JsonNode recipe = JsonNode.Parse(File.ReadAllText(Path.Combine(AppContext.BaseDirectory, "drawings.json")))!;
            using AutoencoderKL network = AutoencoderKLConfig.FromJson(recipe["autoencoder"]!.ToJsonString()).Build();
            var source = new PreparedImages(
                ImageFolderSource.Open(images, new ImageFolderOptions { DefaultCaption = "a picture" }),
                new PreparedImagesOptions { Width = size, Height = size });
            var objective = new AutoencoderObjective(network, source, new AutoencoderTrainingOptions { BatchSize = batch });
            // The first step reads its images itself.
            (TimeSpan first, TimeSpan firstWait, TimeSpan last) = (default, default, default);
            var options = new TrainingOptions { Steps = steps + 1, CheckpointEvery = steps + 1 };
            new Trainer(options).Run(objective, Path.Combine(folder.FullName, "run"), new Report(progress =>
            {
                if (progress.Step == 1) (first, firstWait) = (progress.Elapsed, objective.WaitedForImages);
                last = progress.Elapsed;
            }));
            (double step, double wait) =
                ((last - first).TotalMilliseconds / steps, (objective.WaitedForImages - firstWait).TotalMilliseconds / steps);
            Console.Out.WriteLine(string.Create(
                CultureInfo.InvariantCulture,
                $"{batch} images of {Width} x {Height}, trained at {size} x {size}, {Environment.ProcessorCount} cores: "
                + $"step {step:0} ms, of which {wait:0.0} ms waiting for images ({wait / step:P1})"));
        }
        finally
        {
            folder.Delete(recursive: true);
        }
    }

    /// <summary>Smooth shapes with noise, about as large as a photograph's file.</summary>
    private static void WriteJpeg(string path, int seed)
    {
        var random = new Random(seed);
        using var bitmap = new SKBitmap(Width, Height, SKColorType.Rgba8888, SKAlphaType.Opaque);
        Span<byte> pixels = bitmap.GetPixelSpan();
        for (int i = 0; i < pixels.Length; i++)
        {
            int x = i / 4 % Width, y = i / 4 / Width;
            pixels[i] = (byte)(128 + 90 * Math.Sin((x + seed * 31) / 97.0) * Math.Cos(y / (50.0 + i % 4 * 20)) + random.Next(-12, 13));
        }

        using SKData data = bitmap.Encode(SKEncodedImageFormat.Jpeg, Quality);
        using FileStream file = File.Create(path);
        data.SaveTo(file);
    }

    private sealed class Report(Action<TrainingProgress> action) : IProgress<TrainingProgress>
    {
        void IProgress<TrainingProgress>.Report(TrainingProgress value) => action(value);
    }
}
