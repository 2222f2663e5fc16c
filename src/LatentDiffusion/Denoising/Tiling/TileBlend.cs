using TorchSharp;
using static TorchSharp.torch;

namespace LatentDiffusion.Denoising;

/// <summary>Joins maps of tiles. Values in only one tile stay bit for bit as they are.</summary>
/// <param name="grid">The tiles.</param>
/// <param name="scale">Pixels of the maps to a latent pixel.</param>
internal sealed class TileBlend(TileGrid grid, int scale)
{
    private Tensor? _whole;

    /// <summary>The map of the whole image, in the dispose scope around the one of the first <see cref="Add"/>.</summary>
    public Tensor Result => _whole!;

    /// <summary>Adds a tile's map; each is added once.</summary>
    /// <exception cref="InvalidOperationException">It is not as large as the tile.</exception>
    public void Add(Tile tile, Tensor piece)
    {
        long height = tile.Rows.Length * scale, width = tile.Columns.Length * scale;
        if (piece.dim() != 4 || piece.shape[2] != height || piece.shape[3] != width)
            throw new InvalidOperationException(
                $"The autoencoder gave [{string.Join(", ", piece.shape)}] for a tile of {height} x {width}; "
                    + "its DownsamplingFactor may be wrong.");
        _whole ??= grid.Empty(piece, scale).MoveToOuterDisposeScope();
        using DisposeScope scope = NewDisposeScope();
        tile.Slice(_whole, scale).AddProductInPlace(piece, grid.Weights(tile, scale, piece.dtype, piece.device));
    }
}
