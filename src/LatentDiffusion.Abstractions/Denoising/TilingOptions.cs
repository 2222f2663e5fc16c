using System.ComponentModel.DataAnnotations;

namespace LatentDiffusion;

/// <summary>How an autoencoder takes large pictures in tiles.</summary>
public sealed record TilingOptions
{
    /// <summary>
    /// Height and width of a tile in pixels: a multiple of the autoencoder's downsampling factor, 16 to 16,384. Null, the
    /// default, for 256 where tiles are parts of the whole (<see cref="StatisticsPasses"/>) and 512 where each is a picture
    /// by itself, or for the size of the pictures that the autoencoder was trained on, where its configuration says a
    /// smaller one. Pictures that are no larger are not divided.
    /// </summary>
    [Range(16, 16_384)]
    public int? TileSize { get; init; }

    /// <summary>
    /// The least share of a tile's height and width that it has in common with its neighbour, 0 to 0.5. Default 0.25. In
    /// the middle half of what they share one goes over into the other linearly; the rest is what the network sees around.
    /// </summary>
    [Range(0.0, 0.5)]
    public double Overlap { get; init; } = 0.25;

    /// <summary>
    /// How often all tiles are gone through for the statistics of the whole picture, before they are decoded (or encoded)
    /// with them: 0 to 100. Default 1, which costs as much time again. Only for autoencoders of the library, whose part at
    /// the size of the latents is then computed for the whole picture, attention among it. With as many passes as the
    /// tiled part has group normalisations tiles are what the whole picture would be, but for their borders; fewer come
    /// near. With 0 each tile is a picture by itself, as tiles of autoencoders of the caller's own always are.
    /// </summary>
    [Range(0, 100)]
    public int StatisticsPasses { get; init; } = 1;
}
