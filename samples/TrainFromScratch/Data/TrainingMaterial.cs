using LatentDiffusion;
using LatentDiffusion.Data;
using LatentDiffusion.Models.Drawings;

namespace TrainFromScratch;

/// <summary>What a run is trained on.</summary>
/// <param name="Key">Says what it is: latents of another are made again, and a run is of one.</param>
/// <param name="Captions">Captions that the vocabulary is made of.</param>
/// <param name="Pictures">Pictures to train on, all of one size.</param>
/// <param name="Count">How many of them are encoded for the denoiser.</param>
/// <param name="Validation">Pictures to validate on, none of which is trained on.</param>
internal sealed record TrainingMaterial(
    string Key, IEnumerable<string> Captions, ICaptionedImageSource Pictures, long Count, ICaptionedImageSource Validation)
{
    private const double HeldOut = 0.1;

    // From the run's own seed to that of the drawings it is validated on.
    private const ulong ToValidation = 10_000;

    /// <summary>Drawings without end, of which there is no need to hold any back: those of another seed are others.</summary>
    public static TrainingMaterial Drawings(Recipe recipe) => new(
        $"drawings {recipe.Seed}, {DrawingCatalog.Training.Count} combinations",
        DrawingCatalog.Training.SelectMany(c => Enum.GetValues<DrawingTemplate>().Select(c.Caption)),
        new DrawingImages(new DrawingSource(recipe.Seed)), recipe.Latents,
        new SubsetImages(
            new DrawingImages(new DrawingSource(unchecked(recipe.Seed + ToValidation))), Enumerable.Range(0, recipe.Validation.Pictures).Select(i => (long)i)));

    /// <summary>Pictures of the user's, split into three parts by their content; the third is kept for testing.</summary>
    public static TrainingMaterial PicturesOf(string path, RunSettings settings, Recipe recipe, CancellationToken cancellationToken)
    {
        StoredImages source = CaptionedImages.Open(path, new StoredImagesOptions
        {
            CaptionColumn = settings.CaptionColumn, OnUnreadable = settings.SkipUnreadable ? OnUnreadable.Skip : OnUnreadable.Refuse,
        });
        foreach (UnreadableImage image in source.Unreadable) Console.Error.WriteLine($"Left out: '{image.Name}': {image.Reason}");
        DataSplit split = DataSplit.Of(source, new DataSplitOptions { Validation = HeldOut, Test = HeldOut }, cancellationToken: cancellationToken);
        if (split.Train.Count < 1 || split.Validation.Count < 2)
            throw new InvalidDataException($"'{path}' holds {source.Count} pictures, too few to train on: {split.Train.Count} are left to train on and {split.Validation.Count} to validate on.");
        ICaptionedImageSource training = Prepared(split.Train), pictures = recipe.Mirror ? new MirroredImages(training) : training;
        return new TrainingMaterial(
            $"{ContentHash.Of(source, cancellationToken: cancellationToken)}, {recipe.ImageSize} pixels, mirrored {recipe.Mirror}",
            Enumerable.Range(0, (int)training.Count!.Value).Select(i => training.ReadCaption(i)), pictures, pictures.Count!.Value, Prepared(split.Validation));

        ICaptionedImageSource Prepared(SubsetImages part) =>
            new RememberedImages(new PreparedImages(part, new PreparedImagesOptions { Width = recipe.ImageSize, Height = recipe.ImageSize }));
    }
}
