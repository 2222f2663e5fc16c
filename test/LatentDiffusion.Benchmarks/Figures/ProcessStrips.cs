using TorchSharp;
using static TorchSharp.torch;

namespace LatentDiffusion.Benchmarks;

/// <summary>Draws the forward process of an image and the reverse process of a generation, each as a strip of images.</summary>
internal static class ProcessStrips
{
    private const int Shown = 7;
    private const string Prompt = "a drawing of a woman in a red cape";

    private static readonly long[] s_timesteps = [100, 200, 400, 600, 800, 999];

    public static async Task WriteAsync(DiffusionPipeline drawings, string folder, CancellationToken cancellationToken)
    {
        IAutoencoder autoencoder = drawings.Model!.Autoencoder;
        using DiffusionPipeline pipeline = new DiffusionPipelineBuilder()
            .UseDrawingsModel().UsePreview(new WholePreview(autoencoder)).Build();
        var steps = new List<ImageBuffer>();
        ImageBuffer? image = null;
        GenerationRequest request = new() { Prompt = Prompt, Seed = 7 };
        await foreach (GenerationUpdate update in pipeline.GenerateStreamingAsync(request, cancellationToken: cancellationToken))
        {
            steps.AddRange(update.Previews);
            image = update.Result?.Images[0].Image;
        }

        IEnumerable<ImageBuffer> shown = Enumerable.Range(0, Shown - 1).Select(i => steps[i * (steps.Count - 1) / (Shown - 1)]);
        ImageStrip.Write(Path.Combine(folder, "reverse-process.png"), [.. shown, image!]);
        ImageStrip.Write(Path.Combine(folder, "forward-process.png"), [image!, .. Noised(autoencoder, image!)]);
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

    /// <summary>Previews as the autoencoder decodes them, in place of small and fast ones.</summary>
    private sealed class WholePreview(IAutoencoder autoencoder) : ILatentPreview
    {
        public bool Supports(int channels) => channels == autoencoder.LatentChannels;

        public Tensor Decode(Tensor latents) => autoencoder.Decode(latents);
    }
}
