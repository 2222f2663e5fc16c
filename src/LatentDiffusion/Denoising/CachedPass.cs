using static TorchSharp.torch;

namespace LatentDiffusion.Denoising;

/// <summary>
/// The evaluations of one text in a generation: the prompt, the negative prompt, or both in one batch. Each has features
/// of its own.
/// </summary>
/// <param name="text">Which text.</param>
/// <param name="latents">Latents of the shape that is evaluated.</param>
/// <param name="options">How much is kept.</param>
internal sealed class CachedPass(TextKeysAndValues text, Tensor latents, StepCachingOptions options) : IDisposable
{
    private readonly long[] _shape = latents.shape;
    private int _age;
    private double _timestep;

    /// <summary>What is kept.</summary>
    public CachedFeatures Features { get; } = new(options.Levels);

    /// <summary>Whether these are the evaluations of a text at a shape.</summary>
    public bool IsOf(TextKeysAndValues other, Tensor sample) => ReferenceEquals(text, other) && _shape.AsSpan().SequenceEqual(sample.shape);

    /// <summary>
    /// Begins an evaluation: every so many are complete, and so is the first of each image, where the timestep rises again.
    /// </summary>
    public void Begin(double timestep)
    {
        if (_age >= options.Interval || timestep >= _timestep)
        {
            Features.Invalidate();
            _age = 0;
        }

        _age++;
        _timestep = timestep;
    }

    public void Dispose() => Features.Dispose();
}
