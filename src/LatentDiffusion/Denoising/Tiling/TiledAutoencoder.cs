using System.ComponentModel.DataAnnotations;
using TorchSharp;
using static TorchSharp.torch;

namespace LatentDiffusion;

/// <summary>
/// An autoencoder that takes pictures in tiles, which overlap and go over into each other linearly: the memory of a tile in
/// place of that of the picture. Pictures no larger than a tile are as they are without. The library's own autoencoders
/// compute their part at the size of the latents, with its attention, for the whole picture, and normalise tiles by the
/// picture's statistics: tiles differ from the whole by little. Stops between two tiles when it is cancelled.
/// </summary>
public sealed class TiledAutoencoder : IAutoencoder, IWorkingMemory, IOffloadable, IContentKeyed
{
    // A tile that is a picture by itself had better be as large as those that autoencoders are trained on; one that is part
    // of a whole need not be.
    private const int LargestByItself = 512, LargestAsPart = 256;

    private readonly IAutoencoder _inner;
    private readonly LatentAutoencoder? _split;
    private readonly TilingOptions _options;
    private readonly long _tile, _overlap;

    /// <summary>Decorates an autoencoder, which stays the caller's.</summary>
    /// <param name="inner">The autoencoder.</param>
    /// <param name="options">How; null for the defaults.</param>
    /// <exception cref="ValidationException">An option is out of its range; the message names it.</exception>
    /// <exception cref="ArgumentException">The tile size is no multiple of the autoencoder's factor.</exception>
    public TiledAutoencoder(IAutoencoder inner, TilingOptions? options = null)
    {
        ArgumentNullException.ThrowIfNull(inner);
        _options = options ?? new TilingOptions();
        Validator.ValidateObject(_options, new ValidationContext(_options), validateAllProperties: true);
        int factor = inner.DownsamplingFactor;
        if (_options.TileSize is { } size && size % factor != 0)
            throw new ArgumentException($"TileSize is {size}; expected a multiple of {factor}, the autoencoder's factor.", nameof(options));
        _inner = inner;
        _split = _options.StatisticsPasses > 0 ? inner as LatentAutoencoder : null;
        int largest = _split is null ? LargestByItself : LargestAsPart;
        _tile = Math.Max(1, (_options.TileSize ?? Math.Min((inner as LatentAutoencoder)?.SampleSize ?? largest, largest)) / factor);
        _overlap = (long)Math.Round(_tile * _options.Overlap);
    }

    /// <inheritdoc />
    public int LatentChannels => _inner.LatentChannels;

    /// <inheritdoc />
    public int DownsamplingFactor => _inner.DownsamplingFactor;

    string IContentKeyed.ContentKey => $"{_options} {ContentKey.Of(_inner)}";

    /// <inheritdoc />
    public LatentDistribution Encode(Tensor images) => Encode(images, CancellationToken.None);

    /// <inheritdoc />
    public LatentDistribution Encode(Tensor images, CancellationToken cancellationToken)
    {
        TileGrid grid = Grid(images, DownsamplingFactor);
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
            using LatentDistribution piece = _inner.Encode(tile.Of(images, DownsamplingFactor).contiguous(), cancellationToken);
            mean.Add(tile, piece.Mean);
            if (piece.StandardDeviation is not null) (deviation ??= new TileBlend(grid, 1)).Add(tile, piece.StandardDeviation);
        }
    }

    /// <inheritdoc />
    public Tensor Decode(Tensor latents) => Decode(latents, CancellationToken.None);

    /// <inheritdoc />
    public Tensor Decode(Tensor latents, CancellationToken cancellationToken)
    {
        TileGrid grid = Grid(latents, 1);
        if (grid.IsWhole) return _inner.Decode(latents, cancellationToken);
        if (_split is not null) return _split.DecodeInTiles(latents, grid, _options.StatisticsPasses, cancellationToken);
        using IDisposable noGrad = no_grad();
        using DisposeScope scope = NewDisposeScope();
        return grid.Blend(tile => _inner.Decode(tile.Of(latents).contiguous(), cancellationToken), DownsamplingFactor, cancellationToken).MoveToOuterDisposeScope();
    }

    /// <inheritdoc />
    public void MoveTo(Device device) => (_inner as IOffloadable)?.MoveTo(device);

    long IWorkingMemory.WorkingBytes(long batch, long pixels)
    {
        long side = _tile * DownsamplingFactor;
        return (_inner as IWorkingMemory)?.WorkingBytes(batch, Math.Min(pixels, side * side)) ?? 0;
    }

    private TileGrid Grid(Tensor map, int scale)
    {
        ArgumentNullException.ThrowIfNull(map);
        if (map.dim() != 4 || map.shape[2] < scale || map.shape[3] < scale || map.shape[2] % scale != 0 || map.shape[3] % scale != 0)
        {
            throw new ArgumentException(
                $"The shape is [{string.Join(", ", map.shape)}]; expected [batch, channels, height, width] with height and width multiples of {scale}.", nameof(map));
        }

        return new TileGrid(new TileAxis(map.shape[2] / scale, _tile, _overlap), new TileAxis(map.shape[3] / scale, _tile, _overlap));
    }
}
