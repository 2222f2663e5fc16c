namespace LatentDiffusion.Judge;

/// <summary>
/// The two eyes of a face seen from the front, found in the image only, by their highlights: of all pairs of
/// <see cref="EyeHighlight"/>s at about one height and of about one size, the most alike with the darkest surroundings. Radius and
/// centre of the eyes follow from the highlights as drawings have them.
/// </summary>
/// <param name="Left">The highlight on the left of the image.</param>
/// <param name="Right">The highlight on its right.</param>
internal sealed record EyePair(EyeHighlight Left, EyeHighlight Right)
{
    // A drawn eye of radius 1 has a highlight of this width and height, with its centre this far left of and above the eye's.
    private const double HighlightWidth = 0.76, HighlightHeight = 0.84, HighlightLeft = 0.28, HighlightUp = 0.46;

    // What is compared of an eye of radius 1.
    private const double WindowX = 1.15, WindowY = 1.45;

    // Distance of the eyes by image width; differences of height by highlight height, and of areas by ratio.
    private const double LeastGap = 0.04, MostGap = 0.4, MostSlant = 0.7, LeastRatio = 0.4;

    // Column, row and radii of the two highlights of an eye of radius 1, with a rim.
    private static readonly (double X, double Y, double RadiusX, double RadiusY)[] s_highlights =
        [(-0.28, -0.46, 0.5, 0.54), (0.3, 0.5, 0.3, 0.32)];

    /// <summary>
    /// How far the eyes are from mirror images of each other, about the vertical line halfway between them: the mean difference of
    /// the luminance in and around the eyes. The highlights, which lie on the same side of both eyes, are left out.
    /// </summary>
    /// <param name="image">The image that the eyes were found in.</param>
    /// <returns>From 0 for equal eyes to 1.</returns>
    public double MirrorDifference(ImageBuffer image)
    {
        // Highlights give the line to a fraction of a pixel only: the best place near it is taken.
        double reach = image.Width / 128.0;
        return Enumerable.Range(-4, 9).Min(i => MirrorDifference(image, i * reach / 4));
    }

    /// <summary>Finds the eyes.</summary>
    /// <param name="image">An image of one figure.</param>
    /// <returns>The eyes; null if no two highlights look like those of a pair of eyes.</returns>
    public static EyePair? Find(ImageBuffer image)
    {
        EyeHighlight[] eyes = [.. EyeHighlight.FindAll(image).OrderBy(h => h.X)];
        EyePair? best = null;
        double bestScore = 0;
        for (int i = 0; i < eyes.Length; i++)
            for (int j = i + 1; j < eyes.Length; j++)
            {
                var pair = new EyePair(eyes[i], eyes[j]);
                double score = pair.Score(image.Width);
                if (score > bestScore) (best, bestScore) = (pair, score);
            }

        return best;
    }

    private double MirrorDifference(ImageBuffer image, double shift)
    {
        double radius = (Left.Width + Right.Width) / (4 * HighlightWidth) + (Left.Height + Right.Height) / (4 * HighlightHeight);
        double axis = (Left.X + Right.X) / 2 + HighlightLeft * radius + shift, middle = (Left.Y + Right.Y) / 2 + HighlightUp * radius;
        double half = (Right.X - Left.X) / 2, sum = 0;
        int count = 0;
        for (int v = (int)(-WindowY * radius); v <= WindowY * radius; v++)
            for (int u = (int)(-WindowX * radius); u <= WindowX * radius; u++)
            {
                if (!IsCompared(u / radius, v / radius)) continue;
                sum += Math.Abs(
                    Luminance(image, axis - half + u, middle + v) - Luminance(image, axis + half - u, middle + v));
                count++;
            }

        return sum / count;
    }

    private static bool IsCompared(double x, double y)
    {
        if (Square(x / WindowX) + Square(y / WindowY) > 1) return false;
        // The highlights of one eye, and those of the other in the mirror.
        return !s_highlights.Any(h =>
            Square((x - h.X) / h.RadiusX) + Square((y - h.Y) / h.RadiusY) < 1
            || Square((x + h.X) / h.RadiusX) + Square((y - h.Y) / h.RadiusY) < 1);
    }

    private static double Square(double value) => value * value;

    // From 0 to 1, between pixels by their distances; pixels outside are as those at the border.
    private static double Luminance(ImageBuffer image, double x, double y)
    {
        (int left, int top) = ((int)Math.Floor(x), (int)Math.Floor(y));
        (double right, double below) = (x - left, y - top);
        return (1 - below) * ((1 - right) * At(left, top) + right * At(left + 1, top))
            + below * ((1 - right) * At(left, top + 1) + right * At(left + 1, top + 1));

        double At(int column, int row)
        {
            int at = 3 * (Math.Clamp(row, 0, image.Height - 1) * image.Width + Math.Clamp(column, 0, image.Width - 1));
            ReadOnlySpan<byte> rgb = image.Rgb.Slice(at, 3);
            return (0.299 * rgb[0] + 0.587 * rgb[1] + 0.114 * rgb[2]) / 255;
        }
    }

    private double Score(int width)
    {
        double gap = (Right.X - Left.X) / width, ratio = (double)Math.Min(Left.Area, Right.Area) / Math.Max(Left.Area, Right.Area);
        double slant = Math.Abs(Left.Y - Right.Y) / Math.Max(Left.Height, Right.Height);
        bool apart = Right.X - Left.X > 2 * Math.Max(Left.Width, Right.Width);
        if (gap is < LeastGap or > MostGap || ratio < LeastRatio || slant > MostSlant || !apart) return 0;
        return ratio * (1 - slant) * Left.Darkness * Right.Darkness;
    }
}
