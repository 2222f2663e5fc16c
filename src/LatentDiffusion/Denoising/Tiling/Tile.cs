using static TorchSharp.torch;

namespace LatentDiffusion.Denoising;

/// <summary>A part of an image.</summary>
/// <param name="Rows">From top to bottom.</param>
/// <param name="Columns">From left to right.</param>
internal sealed record Tile(TileSpan Rows, TileSpan Columns)
{
    /// <summary>A view of the tile in a map of the whole image.</summary>
    /// <param name="whole">[batch, channels, height, width].</param>
    /// <param name="scale">Its pixels to a latent pixel.</param>
    public Tensor Slice(Tensor whole, long scale = 1) =>
        whole.narrow(2, Rows.Start * scale, Rows.Length * scale).Into(x => x.narrow(3, Columns.Start * scale, Columns.Length * scale));

    /// <summary>In a map of the tile, a view of the part that belongs to no other tile.</summary>
    /// <param name="map">[batch, channels, height, width], at any resolution down to that of the latents.</param>
    public Tensor Own(Tensor map)
    {
        long scale = map.shape[2] / Rows.Length;
        return map.narrow(2, (Rows.OwnStart - Rows.Start) * scale, Rows.OwnLength * scale)
            .Into(x => x.narrow(3, (Columns.OwnStart - Columns.Start) * scale, Columns.OwnLength * scale));
    }
}
