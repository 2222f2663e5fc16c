namespace LatentDiffusion.Data;

/// <summary>The random choices for one variant of one image: where it is cropped, and whether it is mirrored.</summary>
/// <param name="Left">Fraction of the excess width to the left of the crop, in [0, 1).</param>
/// <param name="Top">Fraction of the excess height above the crop, in [0, 1).</param>
/// <param name="Flip">Compared with the probability of mirroring, in [0, 1).</param>
internal readonly record struct AugmentationSample(double Left, double Top, double Flip)
{
    /// <summary>The sample for a seed, image and variant. It does not depend on what was read before.</summary>
    public static AugmentationSample Create(ulong seed, long index, long variant)
    {
        ulong state = SeedSequence.ForStep(SeedSequence.ForStep(seed, variant), index);
        return new AugmentationSample(
            Uniform(SeedSequence.ForStep(state, 0)), Uniform(SeedSequence.ForStep(state, 1)), Uniform(SeedSequence.ForStep(state, 2)));
    }

    // The 53 bits that a double holds.
    private static double Uniform(ulong bits) => (bits >> 11) * (1.0 / (1UL << 53));
}
