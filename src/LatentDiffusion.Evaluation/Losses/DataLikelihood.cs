namespace LatentDiffusion.Evaluation;

/// <summary>What the last step of the reverse process is measured as.</summary>
public enum DataLikelihood
{
    /// <summary>
    /// The density of the Gaussian p(x_0|x_1): for latents, which are real numbers. The bound is then of a differential
    /// entropy: it depends on the latents' scale, may be negative, and compares models of one autoencoder only.
    /// </summary>
    Density,

    /// <summary>
    /// The probability of the 8-bit level under that Gaussian: for pixels in [−1, 1] of models without autoencoder
    /// (Ho et al. 2020, equation 13). The bound is then of the bits that a lossless code of the picture takes.
    /// </summary>
    EightBit,
}
