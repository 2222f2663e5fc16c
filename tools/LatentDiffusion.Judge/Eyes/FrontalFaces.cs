using LatentDiffusion.Models.Drawings;

namespace LatentDiffusion.Judge;

/// <summary>Which drawings show a face with two equal eyes from the front.</summary>
internal static class FrontalFaces
{
    private const string Jewel = "with a jewel in the center", Wings = "with its wings spread", Glasses = "wearing glasses";

    /// <summary>Whether the combination is drawn with two equal eyes that no glasses cover.</summary>
    public static bool Has(DrawingCombination combination) => combination switch
    {
        { Attribute: Glasses } => false,
        { Subject: "fish" or "whale" } => false,
        { Subject: "bird", Attribute: var attribute } => attribute == Wings || attribute.EndsWith("cape", StringComparison.Ordinal),
        { Subject: "star" or "flower" or "mushroom", Attribute: Jewel } => false,
        _ => true,
    };
}
