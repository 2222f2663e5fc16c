using static TorchSharp.torch;

namespace LatentDiffusion.Models;

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
    private object? _added;

    /// <summary>The kept features.</summary>
    public CachedFeatures Features { get; } = new(options.Levels);

    /// <summary>Whether these are the evaluations of a text at a shape.</summary>
    public bool Matches(TextKeysAndValues other, Tensor sample) =>
        ReferenceEquals(text, other) && _shape.AsSpan().SequenceEqual(sample.shape);

    /// <summary>
    /// Begins an evaluation: every so many are complete, and so are the first of each image, where the timestep rises again, and the
    /// first with other tokens to attend to.
    /// </summary>
    /// <param name="timestep">Its timestep.</param>
    /// <param name="added">Tokens that it attends to in addition to the text; the same object for the same tokens.</param>
    public void Begin(double timestep, object? added)
    {
        if (_age >= options.Interval || timestep >= _timestep || !ReferenceEquals(added, _added))
        {
            Features.Invalidate();
            _age = 0;
        }

        _age++;
        _timestep = timestep;
        _added = added;
    }

    public void Dispose() => Features.Dispose();
}
