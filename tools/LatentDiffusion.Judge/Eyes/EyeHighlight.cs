namespace LatentDiffusion.Judge;

/// <summary>The large white highlight of an eye: a small, compact white area that is mostly bordered by dark pixels.</summary>
/// <param name="X">Column of its centroid.</param>
/// <param name="Y">Row of its centroid.</param>
/// <param name="Width">Width in pixels.</param>
/// <param name="Height">Height in pixels.</param>
/// <param name="Area">Number of pixels.</param>
/// <param name="Darkness">Fraction of the pixels around it that are dark.</param>
internal sealed record EyeHighlight(double X, double Y, int Width, int Height, int Area, double Darkness)
{
    private const int White = 225, Dark = 110;

    // Fractions of the image's area, of the box around the highlight, and of the pixels around it.
    private const double LeastArea = 0.0003, MostArea = 0.0045, LeastFilled = 0.6, LeastDark = 0.5;

    private const double MostElongated = 1.8;

    /// <summary>All of an image.</summary>
    public static IReadOnlyList<EyeHighlight> FindAll(ImageBuffer image)
    {
        (int width, int height) = (image.Width, image.Height);
        var seen = new bool[width * height];
        var found = new List<EyeHighlight>();
        for (int start = 0; start < seen.Length; start++)
        {
            if (seen[start] || !IsWhite(image, start)) continue;
            List<int> area = Connected(image, seen, start);
            if (Create(image, area) is { } highlight) found.Add(highlight);
        }

        return found;
    }

    private static EyeHighlight? Create(ImageBuffer image, List<int> area)
    {
        int pixels = image.Width * image.Height;
        if (area.Count < LeastArea * pixels || area.Count > MostArea * pixels) return null;
        int[] columns = [.. area.Select(i => i % image.Width)], rows = [.. area.Select(i => i / image.Width)];
        (int width, int height) = (columns.Max() - columns.Min() + 1, rows.Max() - rows.Min() + 1);
        bool compact = area.Count >= LeastFilled * width * height
            && Math.Max(width, height) <= MostElongated * Math.Min(width, height);
        double darkness = compact ? DarkAround(image, area) : 0;
        return darkness < LeastDark
            ? null
            : new EyeHighlight(columns.Average(), rows.Average(), width, height, area.Count, darkness);
    }

    // The pixels two away: those next to the highlight are a blend of both.
    private static double DarkAround(ImageBuffer image, List<int> area)
    {
        HashSet<int> inner = Grown(image, [.. area]), outer = Grown(image, inner);
        outer.ExceptWith(inner);
        return (double)outer.Count(i => image.Rgb.Slice(3 * i, 3).IndexOfAnyExceptInRange((byte)0, (byte)Dark) < 0) / outer.Count;
    }

    private static HashSet<int> Grown(ImageBuffer image, HashSet<int> area)
    {
        HashSet<int> grown = [.. area];
        foreach (int i in area) grown.UnionWith(Neighbours(image, i));
        return grown;
    }

    private static List<int> Connected(ImageBuffer image, bool[] seen, int start)
    {
        List<int> area = [start];
        seen[start] = true;
        for (int next = 0; next < area.Count; next++)
        {
            foreach (int i in Neighbours(image, area[next]))
            {
                if (seen[i] || !IsWhite(image, i)) continue;
                seen[i] = true;
                area.Add(i);
            }
        }

        return area;
    }

    private static IEnumerable<int> Neighbours(ImageBuffer image, int at)
    {
        int x = at % image.Width;
        if (x > 0) yield return at - 1;
        if (x < image.Width - 1) yield return at + 1;
        if (at >= image.Width) yield return at - image.Width;
        if (at < image.Width * (image.Height - 1)) yield return at + image.Width;
    }

    private static bool IsWhite(ImageBuffer image, int at) =>
        image.Rgb.Slice(3 * at, 3).IndexOfAnyExceptInRange((byte)White, (byte)255) < 0;
}
