namespace LatentDiffusion.Evaluation;

/// <summary>How the last step of the reverse process is measured.</summary>
public enum DataLikelihood
{
    /// <summary>
    /// The density of the Gaussian p(x_0|x_1), for latents, which are real numbers. The bound is then on a differential
    /// entropy: it depends on the latents' scale, may be negative, and only compares models with the same autoencoder.
    /// </summary>
    Density,

    /// <summary>
    /// The probability of the 8-bit level under that Gaussian, for pixels in [−1, 1] of models without an autoencoder
    /// (Ho et al. 2020, equation 13). The bound is then on the bits of a lossless code for the image.
    /// </summary>
    EightBit,
}
