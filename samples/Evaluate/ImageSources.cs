using System.Globalization;
using LatentDiffusion.Data;
using LatentDiffusion.Models.Drawings;

namespace Evaluate;

/// <summary>Image sources by their names on the command line.</summary>
internal static class ImageSources
{
    /// <summary>The drawings that the shipped recipe trains on.</summary>
    public const string TrainingDrawings = "drawings:1";

    public const string Help =
        "'drawings' (combinations as in training, other drawings), 'drawings:held-out' (combinations that no model is trained on), "
        + "'drawings:SEED' (training combinations with that seed; the shipped recipe trains on seed 1), or a path of captioned images "
        + "(a folder or Parquet files; the tenth of them that samples/TrainFromScratch keeps for testing)";

    private const string Drawings = "drawings", HeldOut = "drawings:held-out";

    /// <summary>The default fractions of samples/TrainFromScratch.</summary>
    public static readonly DataSplitOptions Fractions = new() { Validation = 0.1, Test = 0.1 };

    // A seed that is not trained on.
    private const ulong UnseenSeed = 20_000;

    public static bool IsDrawings(string name) => name == Drawings || name.StartsWith(Drawings + ":", StringComparison.Ordinal);

    /// <summary>Opens a source and describes it.</summary>
    /// <param name="name">Its name, see <see cref="Help"/>.</param>
    /// <param name="size">Width and height of drawings in pixels: those of the model's images.</param>
    /// <param name="training">Whether to take the training part of a path.</param>
    /// <param name="options">How the files of a path are read; null for the defaults.</param>
    /// <param name="fractions">How a path is divided; null for <see cref="Fractions"/>.</param>
    /// <exception cref="ArgumentException">The name is not a known source.</exception>
    public static (ICaptionedImageSource Images, string Description) Open(
        string name, int size, bool training = false, StoredImagesOptions? options = null, DataSplitOptions? fractions = null)
    {
        if (name == Drawings)
            return (new DrawingImages(new DrawingSource(UnseenSeed, size: size)), "unseen drawings of the training combinations");
        if (name == HeldOut)
            return (new DrawingImages(new DrawingSource(UnseenSeed, DrawingSplit.HeldOut, size)), "drawings of held-out combinations");
        ReadOnlySpan<char> digits = IsDrawings(name) ? name.AsSpan(Drawings.Length + 1) : [];
        if (ulong.TryParse(digits, NumberStyles.None, CultureInfo.InvariantCulture, out ulong seed))
            return (new DrawingImages(new DrawingSource(seed, size: size)), $"drawings of seed {seed}");
        if (!Path.Exists(name)) throw new ArgumentException($"'{name}' is not a source of images; expected {Help}.");
        DataSplit split = DataSplit.Create(CaptionedImages.Open(name, options), fractions ?? Fractions);
        if ((training ? split.Train : split.Test).Count == 0)
        {
            throw new ArgumentException(
                $"'{name}' has no images {(training ? "for training" : "for testing")}: the run used --test 0, or the set is small.");
        }

        return training ? (split.Train, "images that were trained on") : (split.Test, "images kept for testing");
    }
}
