using LatentDiffusion;
using LatentDiffusion.Data;
using LatentDiffusion.Models.Drawings;
using LatentDiffusion.Samples;
using Microsoft.Extensions.Logging;

namespace TrainFromScratch;

/// <summary>What a run is trained on.</summary>
/// <param name="Key">Says what it is: latents of another are made again, and a run is of one.</param>
/// <param name="Captions">Captions that the vocabulary is made of.</param>
/// <param name="Pictures">Pictures to train on, all of one size.</param>
/// <param name="Count">How many of them are encoded for the denoiser.</param>
/// <param name="Validation">Pictures to validate on, none of which is trained on; null for none.</param>
internal sealed record TrainingMaterial(
    string Key, IEnumerable<string> Captions, ICaptionedImageSource Pictures, long Count, ICaptionedImageSource? Validation)
{
    // From the run's own seed to that of the drawings it is validated on.
    private const ulong ToValidation = 10_000;

    /// <summary>All captions of each picture; null where each has one.</summary>
    public IReadOnlyList<IReadOnlyList<string>>? SeveralCaptions { get; init; }

    /// <summary>Drawings without end, of which there is no need to hold any back: those of another seed are others.</summary>
    public static TrainingMaterial Drawings(Recipe recipe) => new(
        $"drawings {recipe.Seed}, {DrawingCatalog.Training.Count} combinations",
        DrawingCatalog.Training.SelectMany(c => Enum.GetValues<DrawingTemplate>().Select(c.Caption)),
        new DrawingImages(new DrawingSource(recipe.Seed)), recipe.Latents,
        new SubsetImages(
            new DrawingImages(new DrawingSource(unchecked(recipe.Seed + ToValidation))), Enumerable.Range(0, recipe.Validation.ImageCount).Select(i => (long)i)));

    /// <summary>Images of the user's, split into three parts as they were published or by their content; the third is kept for testing.</summary>
    /// <param name="path">Where they are.</param>
    /// <param name="settings">How they are read and split.</param>
    /// <param name="recipe">What they are prepared for.</param>
    /// <param name="indexPath">File that keeps what is known of them.</param>
    /// <param name="logger">Receives what is left out.</param>
    /// <param name="cancellationToken">Stops the reading.</param>
    public static TrainingMaterial PicturesOf(string path, RunSettings settings, Recipe recipe, string indexPath, ILogger logger, CancellationToken cancellationToken)
    {
        Progress<long> progress = new(done => ConsoleProgress.Report("reading images", done));
        StoredImagesOptions reading = settings.WholeCaptions ? new ImageFolderOptions { CaptionPerLine = false } : new StoredImagesOptions();
        reading = reading with
        {
            CaptionColumn = settings.CaptionColumn, OnUnreadable = settings.SkipUnreadable ? UnreadableImageHandling.Skip : UnreadableImageHandling.Refuse, IndexPath = indexPath,
        };
        StoredImages source = CaptionedImages.Open(path, reading, logger, progress, cancellationToken);
        var dividing = new DataSplitOptions { Validation = settings.Validation, Test = settings.Test, NearDuplicateBits = settings.NearDuplicates };
        DataSplit split = DataSplit.Of(source, dividing, progress, cancellationToken);
        if (split.LeftOut.Count > 0)
            logger.LogWarning("{Count} images to validate on or to test with look like others and are left out, among them number {First}.", split.LeftOut.Count, split.LeftOut[0]);
        if (split.Train.Count < 1)
            throw new InvalidDataException($"'{path}' holds {source.Count} images, none of which is left to train on: --validation 0 and --test 0 hold none back.");
        if (split.Validation.Count < 2 && settings.Validation > 0)
            throw new InvalidDataException(
                $"'{path}' holds {source.Count} images, too few for --validation {settings.Validation}: {split.Train.Count} are left to train on and {split.Validation.Count} to validate on. "
                + "Expected a larger fraction, or --validation 0 to train without validation.");
        IVariedImageSource training = Prepared(split.Train), pictures = recipe.Mirror ? new MirroredImages(training) : training;
        int count = (int)training.Count!.Value;
        string[][] captions = [.. Enumerable.Range(0, (int)pictures.Count!.Value).Select(i => pictures.ReadCaptions(i).ToArray())];
        return new TrainingMaterial(
            $"{ContentHash.Of(source, progress, cancellationToken)}, {recipe.ImageSize} pixels, mirrored {recipe.Mirror}",
            Enumerable.Range(0, count).SelectMany(i => training.ReadCaptions(i)), pictures, pictures.Count!.Value, split.Validation.Count > 0 ? Prepared(split.Validation) : null)
        {
            SeveralCaptions = Array.Exists(captions, c => c.Length > 1) ? captions : null,
        };

        IVariedImageSource Prepared(SubsetImages part) =>
            new MemoizedSource(new PreparedImages(part, new PreparedImagesOptions { Width = recipe.ImageSize, Height = recipe.ImageSize }));
    }
}
