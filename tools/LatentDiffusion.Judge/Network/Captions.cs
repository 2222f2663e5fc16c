using LatentDiffusion.Models.Drawings;

namespace LatentDiffusion.Judge;

/// <summary>Parses captions.</summary>
internal static class Captions
{
    private static readonly Dictionary<string, DrawingCombination> s_known = (
        from combination in DrawingCatalog.Combinations
        from template in Enum.GetValues<DrawingTemplate>()
        select (Caption: combination.Caption(template), combination))
        .ToDictionary(p => p.Caption, p => p.combination, StringComparer.Ordinal);

    /// <summary>The combination that a caption describes.</summary>
    /// <exception cref="ArgumentException">The text is not a caption of the drawings.</exception>
    public static DrawingCombination Read(string caption) => s_known.TryGetValue(caption, out DrawingCombination? combination)
        ? combination
        : throw new ArgumentException(
            $"'{caption}' is not a caption of a drawing; expected one such as '{DrawingCatalog.Prompts[0]}'.", nameof(caption));
}
