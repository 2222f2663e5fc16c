namespace LatentDiffusion.Benchmarks;

/// <summary>A parameter in the file that both engines read.</summary>
/// <param name="Key">Published name.</param>
/// <param name="Shape">Shape.</param>
/// <param name="Offset">Position of its first byte; values are float32, little-endian, row-major.</param>
internal sealed record PeerParameter(string Key, long[] Shape, long Offset)
{
    /// <summary>Number of values.</summary>
    public long Count => Shape.Aggregate(1L, (product, n) => product * n);
}
