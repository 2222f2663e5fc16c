namespace LatentDiffusion.Models.Drawings;

/// <summary>The attributes, as the captions word them.</summary>
internal static class AttributeNames
{
    public const string None = "";
    public const string Jewel = "with a jewel in the center";
    public const string RedCape = "in a red cape";
    public const string BlueCape = "in a blue cape";
    public const string HindLegs = "sitting on its hind legs";
    public const string Rock = "holding a rock";
    public const string Wings = "with its wings spread";
    public const string Surface = "sitting on top of a white surface";
    public const string Hat = "with a red hat";
    public const string Glasses = "wearing glasses";
}
