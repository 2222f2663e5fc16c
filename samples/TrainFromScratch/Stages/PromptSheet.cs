using LatentDiffusion;
using LatentDiffusion.Evaluation;
using LatentDiffusion.Models;
using LatentDiffusion.Models.Drawings;
using LatentDiffusion.Schedulers;

namespace TrainFromScratch;

/// <summary>The six prompts, drawn by networks as they are: a row for each prompt, a column for each seed.</summary>
/// <param name="denoiser">The denoiser.</param>
/// <param name="textEncoder">The text encoder.</param>
/// <param name="autoencoder">The autoencoder.</param>
/// <param name="scheduler">The scheduler's configuration.</param>
/// <param name="size">Width and height of the pictures.</param>
internal sealed class PromptSheet(UNetDenoiser denoiser, ITextEncoder textEncoder, IAutoencoder autoencoder, SchedulerConfig scheduler, int size)
{
    public ImageBuffer Draw(int columns, string title)
    {
        // The parts stay ours: the pipeline disposes only what it loaded itself.
        using DiffusionPipeline pipeline = new DiffusionPipelineBuilder()
            .UseDenoiser(denoiser).UseTextEncoder(textEncoder).UseAutoencoder(autoencoder)
            .UseScheduler(NoiseScheduler.FromConfig(scheduler)).Build();
        return SampleSheet.Draw(
            [.. DrawingCatalog.Prompts.Select(prompt => new SheetRow(prompt, [.. pipeline.Generate(
                new GenerationRequest { Prompt = prompt, Seed = 0, Count = columns, Width = size, Height = size }).Images.Select(i => i.Image)]))],
            title);
    }
}
