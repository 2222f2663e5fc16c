namespace LatentDiffusion;

/// <summary>The noise of images that share their evaluations: each has its own.</summary>
internal sealed class ImageNoises : IDisposable
{
    private readonly ImageNoise[] _noises;

    /// <param name="images">The pass of each image.</param>
    public ImageNoises(IReadOnlyList<GenerationPass> images)
    {
        _noises = [.. images.Select(image => new ImageNoise(image.Request))];
        Batch = new BatchNoise(_noises);
    }

    /// <summary>The noise of all of them, as one batch.</summary>
    public INoiseSource Batch { get; }

    /// <summary>The noise of each.</summary>
    public IReadOnlyList<INoiseSource> Each => _noises;

    /// <summary>The noise of one.</summary>
    public INoiseSource this[int image] => _noises[image];

    public void Dispose()
    {
        foreach (ImageNoise noise in _noises) noise.Dispose();
    }
}
