using System.CommandLine;
using TorchSharp;
using static TorchSharp.torch;

namespace LatentDiffusion.Benchmarks;

/// <summary>Draws the forward process of an image and the reverse process of a generation, each as a strip of images.</summary>
internal static class ProcessStrips
{
    private const int Shown = 7;
    private const string Prompt = "a drawing of a woman in a red cape";

    private static readonly long[] s_timesteps = [100, 200, 400, 600, 800, 999];

    public static Command Create()
    {
        var folder = new Argument<string>("folder") { Description = "Folder for the images.", DefaultValueFactory = _ => "docs/images" };
        var command = new Command("strips", "Draws the forward and the reverse process of concepts.md.") { folder };
        command.SetAction(parsed => WriteAsync(parsed.GetValue(folder)!));
        return command;
    }

    private static async Task WriteAsync(string folder)
    {
        Directory.CreateDirectory(folder);
        using DiffusionPipeline drawings = new DiffusionPipelineBuilder().UseDrawingsModel().Build();
        IAutoencoder autoencoder = drawings.Model!.Autoencoder;
        using DiffusionPipeline pipeline = new DiffusionPipelineBuilder()
            .UseDrawingsModel().UsePreview(new WholePreview(autoencoder)).Build();
        var steps = new List<ImageBuffer>();
        ImageBuffer? image = null;
        await foreach (GenerationUpdate update in pipeline.GenerateStreamingAsync(new GenerationRequest { Prompt = Prompt, Seed = 7 }))
        {
            steps.AddRange(update.Previews);
            image = update.Result?.Images[0].Image;
        }

        IEnumerable<ImageBuffer> shown = Enumerable.Range(0, Shown - 1).Select(i => steps[i * (steps.Count - 1) / (Shown - 1)]);
        Write(Path.Combine(folder, "reverse-process.png"), [.. shown, image!]);
        Write(Path.Combine(folder, "forward-process.png"), [image!, .. Noised(autoencoder, image!)]);
    }

    private static List<ImageBuffer> Noised(IAutoencoder autoencoder, ImageBuffer image)
    {
        NoiseSchedule schedule = NoiseSchedule.ScaledLinear();
        using DisposeScope scope = NewDisposeScope();
        using LatentDistribution latents = autoencoder.Encode(ImageTensor.FromImage(image));
        using var noise = new GeneratorNoise(seed: 1);
        Tensor epsilon = noise.NextLike(latents.Mean);
        var images = new List<ImageBuffer>();
        foreach (long timestep in s_timesteps)
        {
            Tensor noisy = schedule.AddNoise(latents.Mean, epsilon, tensor(new[] { timestep }));
            images.AddRange(ImageTensor.ToImages(autoencoder.Decode(noisy)));
        }

        return images;
    }

    private static void Write(string path, ImageBuffer[] images)
    {
        (int width, int height) = (images[0].Width, images[0].Height);
        byte[] rgb = new byte[width * images.Length * height * 3];
        for (int i = 0; i < images.Length; i++)
            for (int y = 0; y < height; y++)
                images[i].Rgb.Slice(y * width * 3, width * 3).CopyTo(rgb.AsSpan((y * images.Length + i) * width * 3));
        File.WriteAllBytes(path, new SkiaImageCodec().EncodePng(new ImageBuffer(width * images.Length, height, rgb)));
    }

    /// <summary>Previews as the autoencoder decodes them, in place of small and fast ones.</summary>
    private sealed class WholePreview(IAutoencoder autoencoder) : ILatentPreview
    {
        public bool Supports(int channels) => channels == autoencoder.LatentChannels;

        public Tensor Decode(Tensor latents) => autoencoder.Decode(latents);
    }
}
