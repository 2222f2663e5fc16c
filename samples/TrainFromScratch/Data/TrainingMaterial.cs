using LatentDiffusion.Data;
using LatentDiffusion.Models.Drawings;
using LatentDiffusion.Samples;
using Microsoft.Extensions.Logging;

namespace TrainFromScratch;

/// <summary>Training data of a run.</summary>
/// <param name="Key">Identifies the data: latents of other data are computed again, and a run uses the same data throughout.</param>
/// <param name="Captions">Captions for the vocabulary.</param>
/// <param name="Images">Training images, all of one size.</param>
/// <param name="Count">Number of images to encode for the denoiser.</param>
/// <param name="Validation">Validation images, none of which is trained on; null for none.</param>
internal sealed record TrainingMaterial(
    string Key, IEnumerable<string> Captions, ICaptionedImageSource Images, long Count, ICaptionedImageSource? Validation)
{
    // Difference between the run's seed and that of its validation drawings.
    private const ulong ToValidation = 10_000;

    /// <summary>All captions of each image; null if each has one.</summary>
    public IReadOnlyList<IReadOnlyList<string>>? SeveralCaptions { get; init; }

    /// <summary>Drawings, an infinite source: none need to be held out, because another seed gives other drawings.</summary>
    public static TrainingMaterial Drawings(Recipe recipe) => new(
        $"drawings {recipe.Seed}, {DrawingCatalog.Training.Count} combinations, {recipe.ImageSize} pixels",
        DrawingCatalog.Training.SelectMany(c => Enum.GetValues<DrawingTemplate>().Select(c.Caption)),
        new DrawingImages(new DrawingSource(recipe.Seed, size: recipe.ImageSize)), recipe.Latents,
        new SubsetImages(
            new DrawingImages(new DrawingSource(unchecked(recipe.Seed + ToValidation), size: recipe.ImageSize)),
            Enumerable.Range(0, recipe.Validation.ImageCount).Select(i => (long)i)));

    /// <summary>The user's images, split into three parts as published or by content; the third is kept for testing.</summary>
    /// <param name="path">Path of the images.</param>
    /// <param name="settings">How they are read and split.</param>
    /// <param name="recipe">Size and mirroring.</param>
    /// <param name="indexPath">File that stores facts about the images; null for none.</param>
    /// <param name="logger">Receives which images are left out.</param>
    /// <param name="cancellationToken">Stops the reading.</param>
    public static TrainingMaterial FromFiles(
        string path, RunSettings settings, Recipe recipe, string? indexPath, ILogger logger, CancellationToken cancellationToken)
    {
        Progress<long> progress = new(done => ConsoleProgress.Report("reading images", done));
        StoredImagesOptions reading =
            settings.WholeCaptions ? new ImageFolderOptions { CaptionPerLine = false } : new StoredImagesOptions();
        reading = reading with
        {
            CaptionColumn = settings.CaptionColumn,
            UnreadableImageHandling = settings.SkipUnreadable ? UnreadableImageHandling.Skip : UnreadableImageHandling.Refuse,
            IndexPath = indexPath,
        };
        StoredImages source = CaptionedImages.Open(path, reading, logger, progress, cancellationToken);
        var dividing = new DataSplitOptions
        {
            Validation = settings.Validation, Test = settings.Test, NearDuplicateBits = settings.NearDuplicates,
        };
        DataSplit split = DataSplit.Create(source, dividing, progress, cancellationToken);
        if (split.LeftOut.Count > 0)
        {
            logger.LogWarning(
                "{Count} images for validation or testing look like others and are left out, among them number {First}.",
                split.LeftOut.Count, split.LeftOut[0]);
        }

        if (split.Train.Count < 1)
        {
            throw new InvalidDataException(
                $"'{path}' holds {source.Count} images, none of which is left to train on: --validation 0 and --test 0 hold none back.");
        }

        if (split.Validation.Count < 2 && settings.Validation > 0)
            throw new InvalidDataException(
                $"'{path}' holds {source.Count} images, too few for --validation {settings.Validation}: {split.Train.Count} are left to "
                + $"train on and {split.Validation.Count} to validate on. "
                + "Expected a larger fraction, or --validation 0 to train without validation.");
        ICaptionedImageSource training = Prepared(split.Train), images = recipe.Mirror ? new MirroredImages(training) : training;
        int count = (int)training.Count!.Value;
        string[][] captions = [.. Enumerable.Range(0, (int)images.Count!.Value).Select(i => images.ReadCaptions(i).ToArray())];
        return new TrainingMaterial(
            $"{ContentHash.Compute(source, progress, cancellationToken)}, {recipe.ImageSize} pixels, mirrored {recipe.Mirror}",
            Enumerable.Range(0, count).SelectMany(i => training.ReadCaptions(i)), images, images.Count!.Value,
            split.Validation.Count > 0 ? Prepared(split.Validation) : null)
        {
            SeveralCaptions = Array.Exists(captions, c => c.Length > 1) ? captions : null,
        };

        ICaptionedImageSource Prepared(SubsetImages part) =>
            new MemoizedSource(new PreparedImages(part, new PreparedImagesOptions { Width = recipe.ImageSize, Height = recipe.ImageSize }));
    }
}
