using System.Globalization;
using LatentDiffusion;
using LatentDiffusion.Models.Drawings;

namespace Evaluate;

/// <summary>Pictures by the name that the command line gives them.</summary>
internal static class PictureSources
{
    /// <summary>The drawings that the shipped recipe trains on.</summary>
    public const string TrainingDrawings = "drawings:1";

    public const string Help =
        "'drawings' (combinations as in training, drawn anew), 'drawings:held-out' (combinations that no model is trained on), or 'drawings:SEED' (training combinations of that seed; the shipped recipe trains on seed 1)";

    private const string Drawings = "drawings", HeldOut = "drawings:held-out";

    // A seed that nothing is trained on.
    private const ulong UnseenSeed = 20_000;

    public static bool IsDrawings(string name) => name == Drawings || name.StartsWith(Drawings + ":", StringComparison.Ordinal);

    /// <summary>Opens a source and says what is in it.</summary>
    /// <exception cref="ArgumentException">There is no such source.</exception>
    public static (ICaptionedImageSource Pictures, string Description) Open(string name)
    {
        if (name == Drawings) return (new DrawingImages(new DrawingSource(UnseenSeed)), "unseen drawings of the training combinations");
        if (name == HeldOut) return (new DrawingImages(new DrawingSource(UnseenSeed, DrawingSplit.HeldOut)), "drawings of held-out combinations");
        if (IsDrawings(name) && ulong.TryParse(name.AsSpan(Drawings.Length + 1), NumberStyles.None, CultureInfo.InvariantCulture, out ulong seed))
            return (new DrawingImages(new DrawingSource(seed)), $"drawings of seed {seed}");
        return OpenPath(name);
    }

    private static (ICaptionedImageSource Pictures, string Description) OpenPath(string path) =>
        throw new ArgumentException($"'{path}' is no source of pictures; expected {Help}.");
}
