namespace LatentDiffusion.Data;

/// <summary>What stored images tell of themselves, through subsets of them; of other sources it is found out.</summary>
internal static class StoredFacts
{
    /// <summary>The part that an image was published in; null for none.</summary>
    public static PublishedPart? PartOf(this ICaptionedImageSource source, long index) => source switch
    {
        StoredImages stored => stored.PartOf(index),
        SubsetImages subset => subset.Source.PartOf(subset.Indices[(int)index]),
        _ => null,
    };

    /// <summary>An image's perceptual hash.</summary>
    public static PerceptualHash LikenessOf(this ICaptionedImageSource source, long index) => source switch
    {
        StoredImages stored => stored.ReadPerceptualHash(index),
        SubsetImages subset => subset.Source.LikenessOf(subset.Indices[(int)index]),
        _ => PerceptualHash.Of(source.Read(index).Image),
    };
}
