namespace LatentDiffusion.Evaluation;

/// <summary>Many pictures as one, in rows on white.</summary>
public static class ContactSheet
{
    private const byte Paper = byte.MaxValue;

    /// <summary>Lays pictures out in rows.</summary>
    /// <param name="rows">At least one picture; rows may differ in length, and pictures in size: each stands at the top left of a cell as large as the largest.</param>
    /// <param name="gap">Pixels between pictures and around them, at least 0. Default 4.</param>
    /// <exception cref="ArgumentException">There is no picture.</exception>
    public static ImageBuffer Compose(IReadOnlyList<IReadOnlyList<ImageBuffer>> rows, int gap = 4)
    {
        ArgumentNullException.ThrowIfNull(rows);
        ArgumentOutOfRangeException.ThrowIfNegative(gap);
        if (!rows.Any(r => r.Count > 0)) throw new ArgumentException("A sheet has at least one picture.", nameof(rows));
        int cellWidth = rows.SelectMany(r => r).Max(p => p.Width), cellHeight = rows.SelectMany(r => r).Max(p => p.Height);
        int width = gap + rows.Max(r => r.Count) * (cellWidth + gap), height = gap + rows.Count * (cellHeight + gap);
        var rgb = new byte[checked(width * height * 3)];
        Array.Fill(rgb, Paper);
        for (int row = 0; row < rows.Count; row++)
        {
            for (int column = 0; column < rows[row].Count; column++)
            {
                ImageBuffer picture = rows[row][column];
                int left = gap + column * (cellWidth + gap), top = gap + row * (cellHeight + gap);
                for (int y = 0; y < picture.Height; y++)
                    picture.Rgb.Slice(y * picture.Width * 3, picture.Width * 3).CopyTo(rgb.AsSpan(((top + y) * width + left) * 3));
            }
        }

        return new ImageBuffer(width, height, rgb);
    }

    /// <summary>Lays pictures out in rows of equal length, but for the last.</summary>
    /// <param name="pictures">At least one picture.</param>
    /// <param name="columns">Pictures a row, at least 1.</param>
    /// <param name="gap">Pixels between pictures and around them, at least 0. Default 4.</param>
    public static ImageBuffer Compose(IEnumerable<ImageBuffer> pictures, int columns, int gap = 4)
    {
        ArgumentNullException.ThrowIfNull(pictures);
        ArgumentOutOfRangeException.ThrowIfLessThan(columns, 1);
        return Compose([.. pictures.Chunk(columns)], gap);
    }
}
