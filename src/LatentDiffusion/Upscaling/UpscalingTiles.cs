namespace LatentDiffusion;

/// <summary>
/// The tiles of an image that is enlarged, in rows. Height and width are counted in squares of pixels, of which a network reads whole
/// ones only.
/// </summary>
internal sealed class UpscalingTiles
{
    private readonly TileAxis _columns;

    /// <param name="height">Height of the image in pixels.</param>
    /// <param name="width">Width of the image in pixels.</param>
    /// <param name="square">Width of a square in pixels.</param>
    /// <param name="options">How to divide the image.</param>
    public UpscalingTiles(int height, int width, int square, UpscalingOptions options)
    {
        Square = square;
        long tile = options.TileSize / square, overlap = options.Overlap / square;
        Rows = new TileAxis(Squares(height), tile, overlap);
        _columns = new TileAxis(Squares(width), tile, overlap);

        long Squares(int pixels) => (pixels + square - 1) / square;
    }

    /// <summary>Width of a square in pixels.</summary>
    public int Square { get; }

    /// <summary>The rows of tiles.</summary>
    public TileAxis Rows { get; }

    /// <summary>Number of tiles.</summary>
    public int Count => Rows.Spans.Count * _columns.Spans.Count;

    /// <summary>Height of the image in pixels, rounded up to whole squares.</summary>
    public long Height => Rows.Length * Square;

    /// <summary>Width of the image in pixels, rounded up to whole squares.</summary>
    public long Width => _columns.Length * Square;

    /// <summary>The tiles of one row, as the tiles of an image that has only this row.</summary>
    public TileGrid InRow(TileSpan row) => new(new TileAxis(row.Length, row.Length, 0), _columns);

    /// <summary>About how many bytes the network takes for a tile, and the values of a row of tiles.</summary>
    public long WorkingBytes(UpscalingNetwork network, int bytesPerValue)
    {
        const int Colors = 3;
        long rows = Rows.Spans[0].Length * Square, columns = _columns.Spans[0].Length * Square, area = (long)network.Scale * network.Scale;
        // The row, the part of the row before that it goes over into, and a copy on the way to bytes.
        long ofRow = 3 * Colors * rows * Width * area * sizeof(float);
        // The result as bytes, and its copy in an image.
        return rows * columns * network.ValuesPerPixel * bytesPerValue + ofRow + Colors * Height * Width * (sizeof(float) + 2 * area);
    }
}
