using LatentDiffusion.Models.Drawings;

namespace LatentDiffusion.Judge;

/// <summary>Captions back to what they say.</summary>
internal static class Captions
{
    private static readonly Dictionary<string, DrawingCombination> s_known = (
        from combination in DrawingCatalog.Combinations
        from template in Enum.GetValues<DrawingTemplate>()
        select (Caption: combination.Caption(template), combination)).ToDictionary(p => p.Caption, p => p.combination, StringComparer.Ordinal);

    /// <exception cref="ArgumentException">It is not a caption of the drawings.</exception>
    public static DrawingCombination Read(string caption) => s_known.TryGetValue(caption, out DrawingCombination? combination)
        ? combination
        : throw new ArgumentException($"'{caption}' is not a caption of a drawing; expected one such as '{DrawingCatalog.Prompts[0]}'.", nameof(caption));
}
