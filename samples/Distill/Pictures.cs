using LatentDiffusion;
using LatentDiffusion.Data;
using LatentDiffusion.Models.Drawings;
using LatentDiffusion.Samples;
using Microsoft.Extensions.Logging;

namespace Distill;

/// <summary>What is distilled on.</summary>
/// <param name="Key">Says what it is, for the latent cache.</param>
/// <param name="Images">The pictures, all of one size.</param>
/// <param name="Count">How many of them.</param>
/// <param name="Prompts">What the sheet at the end shows.</param>
internal sealed record Pictures(string Key, ICaptionedImageSource Images, long Count, IReadOnlyList<string> Prompts)
{
    private const int SheetPrompts = 6;

    /// <param name="path">Pictures of the user's; null for drawings without end.</param>
    /// <param name="recipe">Seed and number.</param>
    /// <param name="size">Width and height of what the model draws.</param>
    /// <param name="indexPath">File that keeps what is known of the user's pictures.</param>
    /// <param name="logger">Receives what is left out.</param>
    /// <param name="cancellationToken">Stops the reading of the user's pictures.</param>
    public static Pictures Of(string? path, Recipe recipe, int size, string indexPath, ILogger logger, CancellationToken cancellationToken)
    {
        if (path is null)
            return new Pictures($"drawings {recipe.Seed}, {DrawingCatalog.Training.Count} combinations", new DrawingImages(new DrawingSource(recipe.Seed)), recipe.Latents, DrawingCatalog.Prompts);
        // What was published for validation and testing is not distilled on.
        Progress<long> progress = new(done => ConsoleProgress.Report("reading images", done));
        StoredImages all = CaptionedImages.Open(path, new StoredImagesOptions { IndexPath = indexPath }, logger, progress, cancellationToken);
        SubsetImages source = DataSplit.Of(all, new DataSplitOptions { Validation = 0, Test = 0 }, progress, cancellationToken).Train;
        long count = Math.Min(recipe.Latents, source.Count!.Value);
        return new Pictures(
            $"{ContentHash.Of(source, progress, cancellationToken)}, {size} pixels",
            new PreparedImages(source, new PreparedImagesOptions { Width = size, Height = size }), count,
            [.. Enumerable.Range(0, (int)Math.Min(SheetPrompts, count)).Select(i => source.ReadCaption(i))]);
    }
}
