using System.ComponentModel.DataAnnotations;
using TorchSharp;
using static TorchSharp.torch;

namespace LatentDiffusion.Denoising;

/// <summary>
/// An autoencoder that takes images in tiles, which overlap and go over into each other linearly: the memory of a tile in
/// place of that of the image. Images no larger than a tile are as they are without. The library's own autoencoders
/// compute their part at the size of the latents, with its attention, for the whole image, and normalise tiles by the
/// image's statistics: tiles differ from the whole by little. Stops between two tiles when it is cancelled.
/// </summary>
public sealed class TiledAutoencoder : IAutoencoder
{
    // A tile that is an image by itself had better be as large as those that autoencoders are trained on; one that is part
    // of a whole need not be.
    private const int LargestByItself = 512, LargestAsPart = 256;

    private readonly IAutoencoder _inner;
    private readonly LatentAutoencoder? _split;
    private readonly TilingOptions _options;
    private readonly long _tile, _overlap;

    /// <param name="inner">The autoencoder.</param>
    /// <param name="options">How to divide images.</param>
    /// <param name="partsOfWhole">The same autoencoder if its tiles are parts of the whole image; null for separate images.</param>
    internal TiledAutoencoder(IAutoencoder inner, TilingOptions options, LatentAutoencoder? partsOfWhole)
    {
        _options = options;
        ValidOptions.Check(_options);
        int factor = inner.DownsamplingFactor;
        if (_options.TileSize is { } size && size % factor != 0)
            throw new ArgumentException($"TileSize is {size}; expected a multiple of {factor}, the autoencoder's factor.", nameof(options));
        _inner = inner;
        _split = partsOfWhole;
        int largest = _split is null ? LargestByItself : LargestAsPart;
        _tile = Math.Max(1, (_options.TileSize ?? Math.Min(inner.SampleSize ?? largest, largest)) / factor);
        _overlap = (long)Math.Round(_tile * _options.Overlap);
    }

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
    public string ContentKey => $"{_options} {_inner.ContentKey}";

    /// <summary>Decorates an autoencoder, which stays the caller's.</summary>
    /// <param name="inner">The autoencoder.</param>
    /// <param name="options">How to divide images; null for the defaults.</param>
    /// <returns>Its own tiles (<see cref="IAutoencoder.WithTiling"/>) where it has them; otherwise tiles are separate images.</returns>
    /// <exception cref="ValidationException">An option is out of its range; the message names it.</exception>
    /// <exception cref="ArgumentException">The tile size is not a multiple of the autoencoder's factor.</exception>
    public static IAutoencoder Wrap(IAutoencoder inner, TilingOptions? options = null)
    {
        ArgumentNullException.ThrowIfNull(inner);
        options ??= new TilingOptions();
        return inner.WithTiling(options) ?? new TiledAutoencoder(inner, options, partsOfWhole: null);
    }

    /// <inheritdoc />
    public LatentDistribution Encode(Tensor images, CancellationToken cancellationToken = default)
    {
        TileGrid grid = Grid(images, DownsamplingFactor);
        cancellationToken.ThrowIfCancellationRequested();
        if (grid.IsWhole) return _inner.Encode(images, cancellationToken);
        if (_split is not null) return _split.EncodeInTiles(images, grid, _options.StatisticsPasses, cancellationToken);
        using IDisposable noGrad = no_grad();
        using DisposeScope scope = NewDisposeScope();
        var mean = new TileBlend(grid, 1);
        TileBlend? deviation = null;
        grid.ForEach(Add, cancellationToken);
        return new LatentDistribution(mean.Result.MoveToOuterDisposeScope(), deviation?.Result.MoveToOuterDisposeScope());

        void Add(Tile tile)
        {
            using LatentDistribution piece = _inner.Encode(tile.Slice(images, DownsamplingFactor).contiguous(), cancellationToken);
            mean.Add(tile, piece.Mean);
            if (piece.StandardDeviation is not null) (deviation ??= new TileBlend(grid, 1)).Add(tile, piece.StandardDeviation);
        }
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
        ArgumentNullException.ThrowIfNull(context);
        TileGrid grid = Grid(latents, 1);
        cancellationToken.ThrowIfCancellationRequested();
        if (grid.IsWhole) return _inner.Decode(latents, context, cancellationToken);
        if (_split is not null) return _split.DecodeInTiles(latents, context, grid, _options.StatisticsPasses, cancellationToken);
        using IDisposable noGrad = no_grad();
        using DisposeScope scope = NewDisposeScope();
        using var contexts = new TileContexts(context, DrawsNoise, latents, DownsamplingFactor);
        return grid.Blend(Pixels, DownsamplingFactor, cancellationToken).MoveToOuterDisposeScope();

        Tensor Pixels(Tile tile) => _inner.Decode(tile.Slice(latents).contiguous(), contexts.For(tile), cancellationToken);
    }

    /// <inheritdoc />
    public bool TryMoveTo(Device device) => _inner.TryMoveTo(device);

    /// <inheritdoc />
    public long WorkingBytes(long batch, long pixels)
    {
        long side = _tile * DownsamplingFactor;
        return _inner.WorkingBytes(batch, Math.Min(pixels, side * side));
    }

    private TileGrid Grid(Tensor map, int scale)
    {
        ArgumentNullException.ThrowIfNull(map);
        if (map.dim() != 4 || map.shape[2] < scale || map.shape[3] < scale || map.shape[2] % scale != 0 || map.shape[3] % scale != 0)
        {
            throw new ArgumentException(
                $"The shape is [{string.Join(", ", map.shape)}]; "
                    + $"expected [batch, channels, height, width] with height and width multiples of {scale}.",
                nameof(map));
        }

        return new TileGrid(new TileAxis(map.shape[2] / scale, _tile, _overlap), new TileAxis(map.shape[3] / scale, _tile, _overlap));
    }
}
