using LatentDiffusion;
using LatentDiffusion.Evaluation;
using LatentDiffusion.Models;
using LatentDiffusion.Models.Drawings;
using LatentDiffusion.Schedulers;
using static TorchSharp.torch;

namespace TrainFromScratch;

/// <summary>Images of the six prompts with the current networks: a row for each prompt, a column for each seed.</summary>
/// <param name="denoiser">The denoiser.</param>
/// <param name="textEncoder">The text encoder.</param>
/// <param name="autoencoder">The autoencoder.</param>
/// <param name="scheduler">The scheduler's configuration.</param>
/// <param name="size">Width and height of the images in pixels.</param>
/// <param name="device">Where the networks are.</param>
internal sealed class PromptSheet(
    UNetDenoiser denoiser, ITextEncoder textEncoder, IAutoencoder autoencoder, SchedulerConfig scheduler, int size,
    Device device)
{
    public ImageBuffer Draw(int columns, string title)
    {
        // The pipeline disposes only components that it loaded itself.
        using DiffusionPipeline pipeline = new DiffusionPipelineBuilder()
            .UseDenoiser(denoiser).UseTextEncoder(textEncoder).UseAutoencoder(autoencoder)
            .UseScheduler(NoiseScheduler.FromConfig(scheduler)).UseDevice(device).Build();
        return SampleSheet.Draw([.. DrawingCatalog.Prompts.Select(prompt => new SheetRow(prompt, Images(prompt)))], title);

        ImageBuffer[] Images(string prompt)
        {
            var request = new GenerationRequest { Prompt = prompt, Seed = 0, ImageCount = columns, Width = size, Height = size };
            return [.. pipeline.Generate(request).Images.Select(i => i.Image)];
        }
    }
}
