using LatentDiffusion.Models.Drawings;
using TorchSharp;
using static TorchSharp.torch;

namespace LatentDiffusion.Judge;

/// <summary>One picture of many: a row for each of the six prompts, a column for each seed. A test regenerates one of them.</summary>
internal static class PromptSheet
{
    /// <returns>A PNG file.</returns>
    public static byte[] Draw(DiffusionPipeline pipeline, int columns, CancellationToken cancellationToken)
    {
        using DisposeScope scope = NewDisposeScope();
        Tensor[] rows = [.. DrawingCatalog.Prompts.Select(prompt => cat(
            [.. pipeline.Generate(new GenerationRequest { Prompt = prompt, Seed = 0, Count = columns }, cancellationToken: cancellationToken)
                .Images.Select(i => ImageTensor.FromImage(i.Image))], 3))];
        return new SkiaImageCodec().EncodePng(ImageTensor.ToImages(cat(rows, 2))[0]);
    }
}
