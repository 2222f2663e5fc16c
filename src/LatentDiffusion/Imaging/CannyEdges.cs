namespace LatentDiffusion.Imaging;

/// <summary>
/// Edges of images (Canny 1986): white lines on black, as ControlNets for edges read them. Gradients are those of a 3 x 3 Sobel filter in
/// the colour channel where they are largest, without smoothing before, and their length is |dx| + |dy|, as in OpenCV.
/// </summary>
public static class CannyEdges
{
    // tan(22.5°), which divides directions into horizontal, vertical and diagonal ones.
    private const double Tangent = 0.41421356237309503;

    private const byte Candidate = 1, Edge = 2;

    /// <summary>Detects the edges of an image.</summary>
    /// <param name="image">The image.</param>
    /// <param name="low">Length of the gradient, 0 to 2040, above which a pixel continues an edge. Default 100.</param>
    /// <param name="high">Length of the gradient, at least <paramref name="low"/>, above which a pixel starts an edge. Default 200.</param>
    /// <returns>An image of the same size.</returns>
    /// <exception cref="ArgumentOutOfRangeException">A threshold is out of its range.</exception>
    public static ImageBuffer Detect(ImageBuffer image, int low = 100, int high = 200)
    {
        ArgumentNullException.ThrowIfNull(image);
        CheckThresholds(low, high);
        (int width, int height) = (image.Width, image.Height);
        (int[] dx, int[] dy) = Gradients(image);
        byte[] kinds = Thin(dx, dy, width, height, low, high);
        Follow(kinds, width, height);
        var rgb = new byte[kinds.Length * 3];
        for (int i = 0; i < kinds.Length; i++)
            if (kinds[i] == Edge) rgb.AsSpan(3 * i, 3).Fill(byte.MaxValue);
        return new ImageBuffer(width, height, rgb);
    }

    /// <summary>Refuses thresholds that are out of their range.</summary>
    private static void CheckThresholds(int low, int high)
    {
        const int Largest = 2040;
        if (low is < 0 or > Largest) throw new ArgumentOutOfRangeException(nameof(low), low, $"Expected a number from 0 to {Largest}.");
        if (high < low || high > Largest)
            throw new ArgumentOutOfRangeException(nameof(high), high, $"Expected a number from {low}, the low threshold, to {Largest}.");
    }

    /// <summary>The gradient of each pixel in the channel where it is longest. Pixels beyond the border are those at the border.</summary>
    private static (int[] X, int[] Y) Gradients(ImageBuffer image)
    {
        (int width, int height) = (image.Width, image.Height);
        ReadOnlySpan<byte> rgb = image.Rgb;
        int[] dx = new int[width * height], dy = new int[width * height];
        for (int y = 0; y < height; y++)
        {
            int above = Math.Max(y - 1, 0) * width, here = y * width, below = Math.Min(y + 1, height - 1) * width;
            for (int x = 0; x < width; x++)
            {
                int left = Math.Max(x - 1, 0), right = Math.Min(x + 1, width - 1), longest = -1;
                for (int c = 0; c < 3; c++)
                {
                    int a = rgb[3 * (above + left) + c], b = rgb[3 * (above + x) + c], e = rgb[3 * (above + right) + c],
                        d = rgb[3 * (here + left) + c], f = rgb[3 * (here + right) + c],
                        g = rgb[3 * (below + left) + c], h = rgb[3 * (below + x) + c], i = rgb[3 * (below + right) + c];
                    int horizontal = e + 2 * f + i - a - 2 * d - g, vertical = g + 2 * h + i - a - 2 * b - e;
                    int length = Math.Abs(horizontal) + Math.Abs(vertical);
                    if (length <= longest) continue;
                    (longest, dx[here + x], dy[here + x]) = (length, horizontal, vertical);
                }
            }
        }

        return (dx, dy);
    }

    /// <summary>Keeps pixels whose gradient is the longest across the edge: 0, a candidate, or an edge.</summary>
    private static byte[] Thin(int[] dx, int[] dy, int width, int height, int low, int high)
    {
        var kinds = new byte[dx.Length];
        for (int y = 0; y < height; y++)
        {
            for (int x = 0; x < width; x++)
            {
                int i = y * width + x, length = Length(x, y);
                if (length <= low) continue;
                double across = Math.Abs(dx[i]), down = Math.Abs(dy[i]);
                int side = (dx[i] ^ dy[i]) < 0 ? -1 : 1;
                bool longest = down < across * Tangent ? length > Length(x - 1, y) && length >= Length(x + 1, y)
                    : down > across * (Tangent + 2) ? length > Length(x, y - 1) && length >= Length(x, y + 1)
                    : length > Length(x - side, y - 1) && length > Length(x + side, y + 1);
                if (longest) kinds[i] = length > high ? Edge : Candidate;
            }
        }

        return kinds;

        int Length(int x, int y)
        {
            if (x < 0 || y < 0 || x >= width || y >= height) return 0;
            int i = y * width + x;
            return Math.Abs(dx[i]) + Math.Abs(dy[i]);
        }
    }

    /// <summary>Makes edges of the candidates that touch an edge, directly or through others.</summary>
    private static void Follow(byte[] kinds, int width, int height)
    {
        var open = new Stack<int>(Enumerable.Range(0, kinds.Length).Where(i => kinds[i] == Edge));
        while (open.TryPop(out int i))
        {
            (int y, int x) = Math.DivRem(i, width);
            for (int row = Math.Max(y - 1, 0); row <= Math.Min(y + 1, height - 1); row++)
            {
                for (int column = Math.Max(x - 1, 0); column <= Math.Min(x + 1, width - 1); column++)
                {
                    int other = row * width + column;
                    if (kinds[other] != Candidate) continue;
                    kinds[other] = Edge;
                    open.Push(other);
                }
            }
        }
    }
}
