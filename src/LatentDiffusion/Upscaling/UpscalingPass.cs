using TorchSharp;
using static TorchSharp.torch;

namespace LatentDiffusion;

/// <summary>
/// One pass of a network over an image, a row of tiles after the other: rows that no later tile changes become bytes at once, so that
/// of the enlarged image only bytes and a row of tiles are in memory.
/// </summary>
/// <param name="network">The network.</param>
/// <param name="type">The type of its weights.</param>
/// <param name="tiles">The tiles of the image.</param>
/// <param name="completed">Called after each tile.</param>
internal sealed class UpscalingPass(UpscalingNetwork network, ScalarType type, UpscalingTiles tiles, Action completed)
{
    private const int Channels = 3;
    private const double Levels = 255;

    private readonly int _scale = network.Scale;

    /// <summary>Enlarges the image.</summary>
    public ImageBuffer Run(ImageBuffer image, CancellationToken cancellationToken)
    {
        using IDisposable noGradient = no_grad();
        using DisposeScope scope = NewDisposeScope();
        Tensor pixels = Pad(FromBytes(image));
        int width = image.Width * _scale, height = image.Height * _scale;
        byte[] rgb = GC.AllocateUninitializedArray<byte>(checked(width * height * Channels));
        int written = 0;
        Tensor? overlap = null;
        foreach (TileSpan row in tiles.Rows.Spans)
        {
            using DisposeScope ofRow = NewDisposeScope();
            Tensor band = Enlarge(pixels, row, cancellationToken);
            if (overlap is not null) band.narrow(2, 0, overlap.shape[2]).AddInPlace(overlap);
            long finished = Finished(row);
            written += Write(band.narrow(2, 0, finished), width, rgb.AsSpan(written));
            overlap?.Dispose();
            overlap = finished == band.shape[2]
                ? null
                : band.narrow(2, finished, band.shape[2] - finished).clone().MoveToOuterDisposeScope();
        }

        return new ImageBuffer(width, height, rgb);
    }

    /// <summary>A row of tiles, [1, 3, height, width], weighted by how much it counts against the rows before and after it.</summary>
    private Tensor Enlarge(Tensor pixels, TileSpan row, CancellationToken cancellationToken)
    {
        int square = tiles.Square, pixelsPerSquare = square * _scale;
        Tensor source = pixels.narrow(2, row.Start * square, row.Length * square);
        Tensor band = tiles.InRow(row).Blend(Evaluate, pixelsPerSquare, cancellationToken);
        return band.mul_(tensor(tiles.Rows.Weights(row, pixelsPerSquare)).view(1, 1, -1, 1));

        Tensor Evaluate(Tile tile)
        {
            Device device = NetworkUse.DeviceOf(network);
            Tensor enlarged = network.Evaluate(tile.Slice(source, square).to(type, device).contiguous()).to(ScalarType.Float32, CPU);
            CheckFinite(enlarged);
            completed();
            return enlarged;
        }
    }

    /// <summary>Rows of a band that no later tile changes.</summary>
    private long Finished(TileSpan row)
    {
        IReadOnlyList<TileSpan> rows = tiles.Rows.Spans;
        long next = row.Index + 1 < rows.Count ? rows[row.Index + 1].Start : row.Start + row.Length;
        return (next - row.Start) * tiles.Square * _scale;
    }

    /// <summary>Pixels in [0, 1], [1, 3, height, width].</summary>
    private static Tensor FromBytes(ImageBuffer image)
    {
        using DisposeScope scope = NewDisposeScope();
        Tensor bytes = empty([1, image.Height, image.Width, Channels], ScalarType.Byte, CPU);
        image.Rgb.CopyTo(bytes.bytes);
        return bytes.permute(0, 3, 1, 2).to(ScalarType.Float32).contiguous().DivideInPlace(Levels).MoveToOuterDisposeScope();
    }

    /// <summary>Mirrors pixels at the right and bottom, or repeats the last of too few, until there are whole squares.</summary>
    private Tensor Pad(Tensor pixels)
    {
        long right = tiles.Width - pixels.shape[3], bottom = tiles.Height - pixels.shape[2];
        if (right == 0 && bottom == 0) return pixels;
        bool mirrors = right < pixels.shape[3] && bottom < pixels.shape[2];
        return pixels.Into(x => nn.functional.pad(
            x, [0, right, 0, bottom], mirrors ? PaddingModes.Reflect : PaddingModes.Replicate));
    }

    /// <summary>Writes the bytes of finished rows, as far as they are within the image.</summary>
    /// <returns>How many.</returns>
    private static int Write(Tensor rows, int width, Span<byte> rgb)
    {
        using DisposeScope scope = NewDisposeScope();
        int count = (int)Math.Min(rows.shape[2], rgb.Length / (width * Channels));
        Tensor levels = rows.narrow(2, 0, count).narrow(3, 0, width).Multiply(Levels).round_().Clamp(0.0, Levels);
        Tensor bytes = levels.to(ScalarType.Byte).permute(0, 2, 3, 1).contiguous();
        bytes.bytes.CopyTo(rgb);
        return count * width * Channels;
    }

    private static void CheckFinite(Tensor pixels)
    {
        using DisposeScope scope = NewDisposeScope();
        if (isfinite(pixels).all().item<bool>()) return;
        throw new NonFiniteValuesException("The upscaler's network gave NaN or infinity. Open it with a precision of Float32 or BFloat16.");
    }
}
