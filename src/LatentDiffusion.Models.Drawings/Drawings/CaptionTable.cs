namespace LatentDiffusion.Models.Drawings;

/// <summary>All captions with what they describe. Made at the first use: drawing and generating need none of it.</summary>
internal static class CaptionTable
{
    public static Dictionary<string, DrawingCombination> Combinations { get; } = (
        from combination in DrawingCatalog.Combinations
        from template in Enum.GetValues<DrawingTemplate>()
        select (Caption: combination.Caption(template), combination))
        .ToDictionary(p => p.Caption, p => p.combination, StringComparer.Ordinal);
}
