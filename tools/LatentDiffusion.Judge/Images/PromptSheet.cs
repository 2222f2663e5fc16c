using LatentDiffusion.Models.Drawings;
using TorchSharp;
using static TorchSharp.torch;

namespace LatentDiffusion.Judge;

/// <summary>One image of many: one row for each of the six prompts, one column for each seed. A test regenerates one of them.</summary>
internal static class PromptSheet
{
    /// <returns>A PNG file.</returns>
    public static byte[] Draw(DiffusionPipeline pipeline, int columns, CancellationToken cancellationToken)
    {
        using DisposeScope scope = NewDisposeScope();
        Tensor[] rows = [.. DrawingCatalog.Prompts.Select(Row)];
        return new SkiaImageCodec().EncodePng(ImageTensor.ToImages(cat(rows, 2))[0]);

        Tensor Row(string prompt)
        {
            var request = new GenerationRequest { Prompt = prompt, Seed = 0, ImageCount = columns };
            GenerationResult result = pipeline.Generate(request, cancellationToken: cancellationToken);
            return cat([.. result.Images.Select(i => ImageTensor.FromImage(i.Image))], 3);
        }
    }
}
