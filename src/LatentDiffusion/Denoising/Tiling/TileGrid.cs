using TorchSharp;
using static TorchSharp.torch;

namespace LatentDiffusion.Denoising;

/// <summary>The tiles of an image, row by row.</summary>
/// <param name="rows">From top to bottom.</param>
/// <param name="columns">From left to right.</param>
internal sealed class TileGrid(TileAxis rows, TileAxis columns)
{
    /// <summary>All tiles.</summary>
    public IReadOnlyList<Tile> Tiles { get; } = [.. rows.Spans.SelectMany(row => columns.Spans.Select(column => new Tile(row, column)))];

    /// <summary>Whether the image is one tile.</summary>
    public bool IsWhole => Tiles.Count == 1;

    /// <summary>Processes each tile in a separate dispose scope, and stops between two when it is cancelled.</summary>
    public void ForEach(Action<Tile> work, CancellationToken cancellationToken)
    {
        foreach (Tile tile in Tiles)
        {
            cancellationToken.ThrowIfCancellationRequested();
            using DisposeScope scope = NewDisposeScope();
            work(tile);
        }
    }

    /// <summary>Maps of all tiles, one over into the next at the seams.</summary>
    /// <param name="work">Gives a tile's map, [batch, channels, height, width].</param>
    /// <param name="scale">Its pixels to a latent pixel.</param>
    /// <param name="cancellationToken">Checked before each tile.</param>
    /// <returns>The map of the whole image, in the current dispose scope.</returns>
    public Tensor Blend(Func<Tile, Tensor> work, int scale, CancellationToken cancellationToken)
    {
        var blend = new TileBlend(this, scale);
        ForEach(tile => blend.Add(tile, work(tile)), cancellationToken);
        return blend.Result;
    }

    /// <summary>An empty map of the whole image for pieces of it.</summary>
    public Tensor Empty(Tensor piece, int scale) =>
        zeros([piece.shape[0], piece.shape[1], rows.Length * scale, columns.Length * scale], piece.dtype, piece.device);

    /// <summary>How much each pixel of a tile counts, [1, 1, height, width].</summary>
    public Tensor Weights(Tile tile, int scale, ScalarType type, Device device)
    {
        using DisposeScope scope = NewDisposeScope();
        Tensor down = tensor(rows.Weights(tile.Rows, scale)).view(1, 1, -1, 1),
            across = tensor(columns.Weights(tile.Columns, scale)).view(1, 1, 1, -1);
        return (down * across).to(type, device).MoveToOuterDisposeScope();
    }
}
