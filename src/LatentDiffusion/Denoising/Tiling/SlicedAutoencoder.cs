using TorchSharp;
using static TorchSharp.torch;

namespace LatentDiffusion.Denoising;

/// <summary>
/// An autoencoder that takes the images of a batch one at a time: the memory of one image in place of that of the
/// batch, and each image bit for bit as in a batch of one. Stops between two when it is cancelled.
/// </summary>
/// <param name="inner">The autoencoder, which stays the caller's.</param>
public sealed class SlicedAutoencoder(IAutoencoder inner) : IAutoencoder
{
    private readonly IAutoencoder _inner = inner ?? throw new ArgumentNullException(nameof(inner));

    /// <inheritdoc />
    public int LatentChannels => _inner.LatentChannels;

    /// <inheritdoc />
    public int DownsamplingFactor => _inner.DownsamplingFactor;

    /// <inheritdoc />
    public int? SampleSize => _inner.SampleSize;

    /// <inheritdoc />
    public double? ScalingFactor => _inner.ScalingFactor;

    /// <inheritdoc />
    public double? LatentScaleBits => _inner.LatentScaleBits;

    /// <inheritdoc />
    public ILatentPreview? Preview => _inner.Preview;

    /// <inheritdoc />
    /// <remarks>An image is the same with and without slices.</remarks>
    public string ContentKey => _inner.ContentKey;

    /// <inheritdoc />
    public LatentDistribution Encode(Tensor images, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(images);
        cancellationToken.ThrowIfCancellationRequested();
        if (images.shape[0] == 1) return _inner.Encode(images, cancellationToken);
        using DisposeScope scope = NewDisposeScope();
        LatentDistribution[] each = [.. Slices(images, cancellationToken).Select(one => _inner.Encode(one, cancellationToken))];
        Tensor mean = cat([.. each.Select(one => one.Mean)]);
        Tensor? deviation = each[0].StandardDeviation is null ? null : cat([.. each.Select(one => one.StandardDeviation!)]);
        return new LatentDistribution(mean.MoveToOuterDisposeScope(), deviation?.MoveToOuterDisposeScope());
    }

    /// <inheritdoc />
    public bool ReadsMaskedImage => _inner.ReadsMaskedImage;

    /// <inheritdoc />
    public bool DrawsNoise => _inner.DrawsNoise;

    /// <inheritdoc />
    public Tensor Decode(Tensor latents, CancellationToken cancellationToken = default) =>
        Decode(latents, DecodingContext.None, cancellationToken);

    /// <inheritdoc />
    public Tensor Decode(Tensor latents, DecodingContext context, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(latents);
        ArgumentNullException.ThrowIfNull(context);
        cancellationToken.ThrowIfCancellationRequested();
        if (latents.shape[0] == 1) return _inner.Decode(latents, context, cancellationToken);
        using DisposeScope scope = NewDisposeScope();
        return cat([.. Slices(latents, cancellationToken).Select((one, i) => _inner.Decode(one, context.ForImage(i), cancellationToken))])
            .MoveToOuterDisposeScope();
    }

    /// <inheritdoc />
    public IAutoencoder? WithTiling(TilingOptions options) => _inner.WithTiling(options) is { } tiled ? new SlicedAutoencoder(tiled) : null;

    /// <inheritdoc />
    public bool TryMoveTo(Device device) => _inner.TryMoveTo(device);

    private static IEnumerable<Tensor> Slices(Tensor batch, CancellationToken cancellationToken)
    {
        for (int i = 0; i < batch.shape[0]; i++)
        {
            cancellationToken.ThrowIfCancellationRequested();
            yield return batch.narrow(0, i, 1);
        }
    }

    /// <inheritdoc />
    public long WorkingBytes(long batch, long pixels) => _inner.WorkingBytes(Math.Min(batch, 1), pixels);
}
