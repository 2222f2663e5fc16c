using TorchSharp;
using static TorchSharp.torch;

namespace LatentDiffusion.Runtime;

/// <summary>Noise for a batch with a separate source for each sample: a sample's noise is the same in any batch.</summary>
/// <param name="sources">One source per sample, in the order of the batch.</param>
internal sealed class BatchNoise(IReadOnlyList<INoiseSource> sources) : INoiseSource
{
    private readonly INoiseSource[] _sources = sources is { Count: > 0 }
        ? [.. sources]
        : throw new ArgumentException("A batch has at least one noise source.", nameof(sources));

    /// <summary>Draws the next noise of every sample.</summary>
    /// <param name="like">[batch, …] with as many samples as there are sources.</param>
    /// <exception cref="ArgumentException">The batch size differs from the number of sources.</exception>
    public Tensor NextLike(Tensor like)
    {
        ArgumentNullException.ThrowIfNull(like);
        if (like.dim() < 1 || like.shape[0] != _sources.Length)
            throw new ArgumentException(
                $"There are {_sources.Length} noise sources for a batch of shape [{string.Join(", ", like.shape)}].", nameof(like));
        using DisposeScope scope = NewDisposeScope();
        Tensor[] drawn = [.. _sources.Select((source, i) => source.NextLike(like.narrow(0, i, 1)))];
        return cat(drawn).MoveToOuterDisposeScope();
    }
}
