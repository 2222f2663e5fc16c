namespace LatentDiffusion.Networks;

/// <summary>What a residual block does to the size of its input between its first normalisation and convolution.</summary>
internal enum Resampling
{
    None,
    Halve,
    Double,
}
