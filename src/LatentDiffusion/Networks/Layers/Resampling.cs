namespace LatentDiffusion.Networks;

/// <summary>How a residual block resizes its input between its first normalisation and convolution.</summary>
internal enum Resampling
{
    None,
    Halve,
    Double,
}
