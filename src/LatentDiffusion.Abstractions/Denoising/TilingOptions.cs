using System.ComponentModel.DataAnnotations;

namespace LatentDiffusion;

/// <summary>How an autoencoder processes large images in tiles.</summary>
public sealed record TilingOptions
{
    /// <summary>
    /// Height and width of a tile in pixels: a multiple of the autoencoder's downsampling factor, 16 to 16,384. Null, the
    /// default, is 256 for tiles that use the statistics of the whole image (<see cref="StatisticsPasses"/>) and 512 for
    /// independent tiles, or the size of the autoencoder's training images if its configuration states a smaller one. Images
    /// that are not larger than a tile are not divided.
    /// </summary>
    [Range(16, 16_384)]
    public int? TileSize { get; init; }

    /// <summary>
    /// The smallest fraction of a tile's height and width that overlaps its neighbour, 0 to 0.5. Default 0.25. In the middle
    /// half of the overlap the tiles are blended linearly; the rest only gives the network context.
    /// </summary>
    [Range(0.0, 0.5)]
    public double Overlap { get; init; } = 0.25;

    /// <summary>
    /// Number of passes over all tiles that measure the statistics of the whole image before it is decoded (or encoded): 0 to
    /// 100. Default 1, which doubles the time. It needs one of the library's autoencoders, whose layers at the size of the
    /// latents, including attention, are then computed for the whole image. With one pass for each group normalisation of the
    /// tiled part, tiles equal the whole image except at their borders; fewer passes come close. With 0 each tile is
    /// independent; this is always so for custom autoencoders.
    /// </summary>
    [Range(0, 100)]
    public int StatisticsPasses { get; init; } = 1;
}
