using LatentDiffusion;
using LatentDiffusion.Models.Drawings;

namespace TrainFromScratch;

/// <summary>What a run is trained on.</summary>
/// <param name="Key">Says what it is, for the latent cache.</param>
/// <param name="Captions">Captions that the vocabulary is made of.</param>
/// <param name="Pictures">Pictures to train on, all of one size.</param>
/// <param name="Count">How many of them are encoded for the denoiser.</param>
/// <param name="Validation">Pictures to validate on; null for none.</param>
internal sealed record TrainingMaterial(
    string Key, IEnumerable<string> Captions, ICaptionedImageSource Pictures, long Count, ICaptionedImageSource? Validation)
{
    /// <summary>Drawings without end, of which there is no need to hold any back: the split is by what they show.</summary>
    public static TrainingMaterial Drawings(Recipe recipe) => new(
        $"drawings {recipe.Seed}, {DrawingCatalog.Training.Count} combinations",
        DrawingCatalog.Training.SelectMany(c => Enum.GetValues<DrawingTemplate>().Select(c.Caption)),
        new DrawingImages(new DrawingSource(recipe.Seed)), recipe.Latents, Validation: null);

    /// <summary>Pictures of the user's, split into three parts; the third is kept for testing.</summary>
    public static TrainingMaterial PicturesOf(string path, Recipe recipe)
    {
        (string key, ICaptionedImageSource training, ICaptionedImageSource validation) = PictureData.Open(path, recipe.ImageSize);
        ICaptionedImageSource pictures = recipe.Mirror ? new MirroredImages(training) : training;
        return new TrainingMaterial(
            $"{key}, {recipe.ImageSize} pixels, mirrored {recipe.Mirror}",
            Enumerable.Range(0, (int)training.Count!.Value).Select(i => training.Read(i).Caption), pictures, pictures.Count!.Value, validation);
    }
}
