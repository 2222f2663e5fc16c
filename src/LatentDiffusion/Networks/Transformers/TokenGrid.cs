namespace LatentDiffusion.Networks;

/// <summary>The size of an image in tokens.</summary>
/// <param name="Height">Number of rows.</param>
/// <param name="Width">Number of columns.</param>
public readonly record struct TokenGrid(long Height, long Width)
{
    /// <summary>Number of tokens.</summary>
    public long Count => Height * Width;
}
