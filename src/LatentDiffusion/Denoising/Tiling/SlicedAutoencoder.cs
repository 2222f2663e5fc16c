using TorchSharp;
using static TorchSharp.torch;

namespace LatentDiffusion;

/// <summary>
/// An autoencoder that takes the pictures of a batch one at a time: the memory of one picture in place of that of the
/// batch, and each picture bit for bit as it is alone. Stops between two when it is cancelled.
/// </summary>
/// <param name="inner">The autoencoder, which stays the caller's.</param>
public sealed class SlicedAutoencoder(IAutoencoder inner) : IAutoencoder, IWorkingMemory, IOffloadable, IContentKeyed
{
    private readonly IAutoencoder _inner = inner ?? throw new ArgumentNullException(nameof(inner));

    /// <inheritdoc />
    public int LatentChannels => _inner.LatentChannels;

    /// <inheritdoc />
    public int DownsamplingFactor => _inner.DownsamplingFactor;

    /// <inheritdoc />
    public LatentDistribution Encode(Tensor images) => Encode(images, CancellationToken.None);

    /// <inheritdoc />
    public LatentDistribution Encode(Tensor images, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(images);
        if (images.shape[0] == 1) return _inner.Encode(images, cancellationToken);
        using DisposeScope scope = NewDisposeScope();
        LatentDistribution[] each = [.. Slices(images).Select(one => _inner.Encode(one, cancellationToken))];
        Tensor mean = cat([.. each.Select(one => one.Mean)]);
        Tensor? deviation = each[0].StandardDeviation is null ? null : cat([.. each.Select(one => one.StandardDeviation!)]);
        return new LatentDistribution(mean.MoveToOuterDisposeScope(), deviation?.MoveToOuterDisposeScope());
    }

    /// <inheritdoc />
    public Tensor Decode(Tensor latents) => Decode(latents, CancellationToken.None);

    /// <inheritdoc />
    public Tensor Decode(Tensor latents, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(latents);
        if (latents.shape[0] == 1) return _inner.Decode(latents, cancellationToken);
        using DisposeScope scope = NewDisposeScope();
        return cat([.. Slices(latents).Select(one => _inner.Decode(one, cancellationToken))]).MoveToOuterDisposeScope();
    }

    /// <inheritdoc />
    public void MoveTo(Device device) => (_inner as IOffloadable)?.MoveTo(device);

    // A picture is what it is without slices.
    string IContentKeyed.ContentKey => ContentKey.Of(_inner);

    private static IEnumerable<Tensor> Slices(Tensor batch) => Enumerable.Range(0, (int)batch.shape[0]).Select(i => batch.narrow(0, i, 1));

    long IWorkingMemory.WorkingBytes(long batch, long pixels) => (_inner as IWorkingMemory)?.WorkingBytes(Math.Min(batch, 1), pixels) ?? 0;
}
