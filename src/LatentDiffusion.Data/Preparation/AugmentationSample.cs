namespace LatentDiffusion.Data;

/// <summary>What is random about one variant of one picture: where it is cropped, and whether it is mirrored.</summary>
/// <param name="Left">Share of the room to the left of the crop, in [0, 1).</param>
/// <param name="Top">Share of the room above it, in [0, 1).</param>
/// <param name="Flip">Compared with the probability of mirroring, in [0, 1).</param>
internal readonly record struct AugmentationSample(double Left, double Top, double Flip)
{
    /// <summary>The draws that follow from seed, picture and variant, whatever else was read before.</summary>
    public static AugmentationSample Of(ulong seed, long index, long variant)
    {
        ulong state = SeedSequence.Of(SeedSequence.Of(seed, variant), index);
        return new AugmentationSample(Uniform(SeedSequence.Of(state, 0)), Uniform(SeedSequence.Of(state, 1)), Uniform(SeedSequence.Of(state, 2)));
    }

    // The 53 bits that a double holds.
    private static double Uniform(ulong bits) => (bits >> 11) * (1.0 / (1UL << 53));
}
