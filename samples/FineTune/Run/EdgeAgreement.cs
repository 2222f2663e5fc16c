using LatentDiffusion;

namespace FineTune;

/// <summary>How well two edge maps agree: the F-score of their pixels, which may be one pixel apart.</summary>
internal static class EdgeAgreement
{
    private const int Tolerance = 1;

    /// <returns>From 0 to 1; 1 for two empty maps.</returns>
    /// <param name="first">White edges on black.</param>
    /// <param name="second">Another edge map of the same size.</param>
    public static double Compute(ImageBuffer first, ImageBuffer second)
    {
        (int found, int all) = Near(first, second);
        (int foundBack, int allBack) = Near(second, first);
        if (all == 0 || allBack == 0) return all == allBack ? 1 : 0;
        (double precision, double recall) = ((double)found / all, (double)foundBack / allBack);
        return precision + recall == 0 ? 0 : 2 * precision * recall / (precision + recall);
    }

    /// <summary>The edge pixels of one map, and how many of them have one of the other map nearby.</summary>
    private static (int Found, int All) Near(ImageBuffer edges, ImageBuffer other)
    {
        (int found, int all) = (0, 0);
        for (int y = 0; y < edges.Height; y++)
        {
            for (int x = 0; x < edges.Width; x++)
            {
                if (!IsEdge(edges, x, y)) continue;
                all++;
                if (HasEdge(other, x, y)) found++;
            }
        }

        return (found, all);
    }

    private static bool HasEdge(ImageBuffer edges, int x, int y)
    {
        for (int row = Math.Max(0, y - Tolerance); row <= Math.Min(edges.Height - 1, y + Tolerance); row++)
            for (int column = Math.Max(0, x - Tolerance); column <= Math.Min(edges.Width - 1, x + Tolerance); column++)
                if (IsEdge(edges, column, row)) return true;
        return false;
    }

    private static bool IsEdge(ImageBuffer edges, int x, int y) => edges.Rgb[3 * (y * edges.Width + x)] > 127;
}
