namespace LatentDiffusion.Data;

/// <summary>Facts that stored images know, also through subsets of them; for other sources they are computed.</summary>
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
    public static PerceptualHash PerceptualHashOf(this ICaptionedImageSource source, long index) => source switch
    {
        StoredImages stored => stored.ReadPerceptualHash(index),
        SubsetImages subset => subset.Source.PerceptualHashOf(subset.Indices[(int)index]),
        _ => PerceptualHash.FromImage(source.Read(index).Image),
    };
}
