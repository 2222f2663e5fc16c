namespace LatentDiffusion.Networks;

/// <summary>The sizes of an <see cref="RRDBNet"/>, which follow from its weights.</summary>
/// <param name="Features">Channels of the feature maps; 64 in published networks.</param>
/// <param name="Growth">Channels that each convolution of a dense block adds; 32 in published networks.</param>
/// <param name="Blocks">Number of residual blocks: 23, or 6 for anime.</param>
/// <param name="Doublings">How often the feature maps are doubled: 2 in published networks.</param>
/// <param name="Unshuffle">Width of the squares of pixels that become channels of the input: 1, 2 or 4.</param>
internal sealed record RRDBNetConfig(long Features, long Growth, int Blocks, int Doublings, int Unshuffle)
{
    /// <summary>How many times larger the result is than the image.</summary>
    public int Scale => (1 << Doublings) / Unshuffle;
}
