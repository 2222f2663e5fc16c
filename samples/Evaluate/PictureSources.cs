using System.Globalization;
using LatentDiffusion;
using LatentDiffusion.Data;
using LatentDiffusion.Models.Drawings;

namespace Evaluate;

/// <summary>Pictures by the name that the command line gives them.</summary>
internal static class PictureSources
{
    /// <summary>The drawings that the shipped recipe trains on.</summary>
    public const string TrainingDrawings = "drawings:1";

    public const string Help =
        "'drawings' (combinations as in training, drawn anew), 'drawings:held-out' (combinations that no model is trained on), or 'drawings:SEED' (training combinations of that seed; the shipped recipe trains on seed 1), or a path of captioned pictures (a folder or Parquet files; the tenth of them that samples/TrainFromScratch keeps for testing)";

    private const string Drawings = "drawings", HeldOut = "drawings:held-out";

    /// <summary>The fractions of samples/TrainFromScratch where nothing else is asked of it.</summary>
    public static readonly DataSplitOptions Fractions = new() { Validation = 0.1, Test = 0.1 };

    // A seed that nothing is trained on.
    private const ulong UnseenSeed = 20_000;

    public static bool IsDrawings(string name) => name == Drawings || name.StartsWith(Drawings + ":", StringComparison.Ordinal);

    /// <summary>Opens a source and says what is in it.</summary>
    /// <param name="name">Its name, as <see cref="Help"/> tells.</param>
    /// <param name="training">Whether, of a path, the part is taken that is trained on.</param>
    /// <param name="options">How the files of a path are read; null for the defaults.</param>
    /// <param name="fractions">How a path is divided; null for <see cref="Fractions"/>.</param>
    /// <exception cref="ArgumentException">There is no such source.</exception>
    public static (ICaptionedImageSource Pictures, string Description) Open(string name, bool training = false, StoredImagesOptions? options = null, DataSplitOptions? fractions = null)
    {
        if (name == Drawings) return (new DrawingImages(new DrawingSource(UnseenSeed)), "unseen drawings of the training combinations");
        if (name == HeldOut) return (new DrawingImages(new DrawingSource(UnseenSeed, DrawingSplit.HeldOut)), "drawings of held-out combinations");
        if (IsDrawings(name) && ulong.TryParse(name.AsSpan(Drawings.Length + 1), NumberStyles.None, CultureInfo.InvariantCulture, out ulong seed))
            return (new DrawingImages(new DrawingSource(seed)), $"drawings of seed {seed}");
        if (!Path.Exists(name)) throw new ArgumentException($"'{name}' is no source of pictures; expected {Help}.");
        DataSplit split = DataSplit.Of(CaptionedImages.Open(name, options), fractions ?? Fractions);
        if ((training ? split.Train : split.Test).Count == 0)
            throw new ArgumentException($"'{name}' has no images that are kept {(training ? "to train on" : "for testing")}: the run was made with --test 0, or the set is small.");
        return training ? (split.Train, "pictures that were trained on") : (split.Test, "pictures kept for testing");
    }
}
