using LatentDiffusion.Models.Drawings;

namespace LatentDiffusion.Benchmarks;

/// <summary>A large image of drawings: one of half its width and height, four of a quarter and 32 of an eighth.</summary>
internal static class DrawingMosaic
{
    /// <param name="side">Width and height, a multiple of 8.</param>
    public static ImageBuffer Draw(int side)
    {
        var rgb = new byte[3 * side * side];
        int half = side / 2, next = 0;
        Fill(0, 0, half);
        Fill(half, 0, half / 2);
        Fill(0, half, half / 4);
        Fill(half, half, half / 4);
        return new ImageBuffer(side, side, rgb);

        void Fill(int left, int top, int size)
        {
            var drawings = new DrawingSource(seed: 7, DrawingSplit.HeldOut, size);
            for (int y = top; y < top + half; y += size)
                for (int x = left; x < left + half; x += size) Place(drawings.Draw(next++), x, y);
        }

        void Place(Drawing drawing, int left, int top)
        {
            int row = 3 * drawing.Size;
            for (int y = 0; y < drawing.Size; y++) drawing.Rgb.Span.Slice(y * row, row).CopyTo(rgb.AsSpan(3 * ((top + y) * side + left)));
        }
    }
}
