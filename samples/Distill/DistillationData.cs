using LatentDiffusion.Data;
using LatentDiffusion.Models.Drawings;
using LatentDiffusion.Samples;
using Microsoft.Extensions.Logging;

namespace Distill;

/// <summary>Images to distil on.</summary>
/// <param name="Key">Identifies them, for the latent cache.</param>
/// <param name="Images">The images, all of one size.</param>
/// <param name="Count">Number of images to use.</param>
/// <param name="Prompts">Prompts of the sample sheet at the end.</param>
internal sealed record DistillationData(string Key, ICaptionedImageSource Images, long Count, IReadOnlyList<string> Prompts)
{
    private const int SheetPrompts = 6;

    /// <param name="path">Path of the user's images; null for drawings.</param>
    /// <param name="recipe">Seed and number of images.</param>
    /// <param name="size">Width and height of the model's images in pixels.</param>
    /// <param name="indexPath">File that stores facts about the user's images.</param>
    /// <param name="logger">Receives which images are left out.</param>
    /// <param name="cancellationToken">Stops the reading of the user's images.</param>
    public static DistillationData Open(
        string? path, Recipe recipe, int size, string indexPath, ILogger logger, CancellationToken cancellationToken)
    {
        if (path is null)
        {
            return new DistillationData(
                $"drawings {recipe.Seed}, {DrawingCatalog.Training.Count} combinations, {size} pixels",
                new DrawingImages(new DrawingSource(recipe.Seed, size: size)), recipe.Latents, DrawingCatalog.Prompts);
        }

        // Images that were published for validation and testing are left out.
        Progress<long> progress = new(done => ConsoleProgress.Report("reading images", done));
        var reading = new StoredImagesOptions { IndexPath = indexPath };
        StoredImages all = CaptionedImages.Open(path, reading, logger, progress, cancellationToken);
        SubsetImages source = DataSplit.Create(all, new DataSplitOptions { Validation = 0, Test = 0 }, progress, cancellationToken).Train;
        long count = Math.Min(recipe.Latents, source.Count!.Value);
        return new DistillationData(
            $"{ContentHash.Compute(source, progress, cancellationToken)}, {size} pixels",
            new PreparedImages(source, new PreparedImagesOptions { Width = size, Height = size }), count,
            [.. Enumerable.Range(0, (int)Math.Min(SheetPrompts, count)).Select(i => source.ReadCaption(i))]);
    }
}
