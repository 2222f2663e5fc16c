namespace LatentDiffusion.Networks;

/// <summary>The noise of decoding a batch: the caller's, or that of the seed 0 for each image.</summary>
internal sealed class DecodingNoise : IDisposable
{
    private readonly GeneratorNoise[] _own;

    /// <param name="given">One source for each image; null for the default.</param>
    /// <param name="batch">Number of images.</param>
    /// <exception cref="ArgumentException">The number of sources is not that of the images.</exception>
    public DecodingNoise(IReadOnlyList<INoiseSource>? given, long batch)
    {
        if (given is not null && given.Count != batch)
            throw new ArgumentException($"{given.Count} noise sources for {batch} images; expected one per image.", nameof(given));
        _own = given is null ? [.. Enumerable.Range(0, (int)batch).Select(_ => new GeneratorNoise(0))] : [];
        Each = given ?? _own;
        Batch = new BatchNoise(Each);
    }

    /// <summary>The noise of each image.</summary>
    public IReadOnlyList<INoiseSource> Each { get; }

    /// <summary>The noise of all of them, as one batch.</summary>
    public INoiseSource Batch { get; }

    public void Dispose()
    {
        foreach (GeneratorNoise noise in _own) noise.Dispose();
    }
}
