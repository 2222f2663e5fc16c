namespace LatentDiffusion.Denoising;

/// <summary>
/// Tiles along one axis, in latent pixels: all as long as each other, evenly spread from the beginning to the end, with at
/// least so much overlap.
/// </summary>
internal sealed class TileAxis
{
    private readonly (double From, double To)[] _seams;

    /// <param name="length">Of the axis, at least 1.</param>
    /// <param name="tile">Length of a tile, at least 1.</param>
    /// <param name="overlap">Minimum overlap of neighbours, 0 to half a tile.</param>
    public TileAxis(long length, long tile, long overlap)
    {
        (Length, tile) = (length, Math.Min(tile, length));
        long step = Math.Max(1, tile - overlap), count = 1 + (length - tile + step - 1) / step;
        long[] starts = [.. Enumerable.Range(0, (int)count).Select(i => count == 1 ? 0 : i * (length - tile) / (count - 1))];
        long[] seams = [0, .. starts.Skip(1).Zip(starts, (next, start) => (next + start + tile) / 2), length];
        Spans = [.. starts.Select((start, i) => new TileSpan(start, tile, seams[i], seams[i + 1] - seams[i], i))];
        // The outer quarters of an overlap only give the tiles context: at its border a tile sees no surroundings.
        _seams = [.. starts
            .Skip(1)
            .Zip(starts, (next, start) => (Middle: (next + start + tile) / 2.0, Half: (start + tile - next) / 4.0))
            .Select(s => (s.Middle - s.Half, s.Middle + s.Half))];
    }

    /// <summary>Length of the axis.</summary>
    public long Length { get; }

    /// <summary>The tiles, in their order.</summary>
    public IReadOnlyList<TileSpan> Spans { get; }

    /// <summary>How much each position of a tile counts; at every position of the axis the weights of all tiles sum to 1.</summary>
    /// <param name="span">One of <see cref="Spans"/>.</param>
    /// <param name="scale">Positions of a latent pixel.</param>
    public float[] Weights(TileSpan span, int scale)
    {
        var weights = new float[span.Length * scale];
        for (int i = 0; i < weights.Length; i++)
        {
            double position = span.Start + (i + 0.5) / scale;
            // Each tile covers the earlier ones and leaves the rest visible.
            double weight = span.Index == 0 ? 1 : Cover(_seams[span.Index - 1], position);
            for (int later = span.Index; later < _seams.Length; later++) weight *= 1 - Cover(_seams[later], position);
            weights[i] = (float)weight;
        }

        return weights;
    }

    /// <summary>From 0 before a seam to 1 after it.</summary>
    private static double Cover((double From, double To) seam, double position) =>
        seam.To > seam.From ? Math.Clamp((position - seam.From) / (seam.To - seam.From), 0, 1) : position < seam.From ? 0 : 1;
}
