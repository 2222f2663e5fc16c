namespace LatentDiffusion.Schedulers;

/// <summary>
/// Evenly spaced numbers, bit for bit as NumPy places them: the published figures depend on which side of a half or of
/// an integer a number falls.
/// </summary>
internal static class Grids
{
    /// <summary><paramref name="count"/> numbers from <paramref name="start"/> to <paramref name="stop"/>, both included.</summary>
    public static double[] Linspace(double start, double stop, int count)
    {
        double[] grid = new double[count];
        double step = (stop - start) / Math.Max(count - 1, 1);
        for (int i = 0; i < count; i++) grid[i] = i * step + start;
        if (count > 1) grid[^1] = stop;
        return grid;
    }

    /// <summary>
    /// As <see cref="Linspace"/> in single precision, bit for bit as libtorch's vectorised kernel fills a tensor: eight at a
    /// time from the nearer end, and the remainder one at a time. The last ᾱ of a schedule shows the difference.
    /// </summary>
    public static double[] SingleLinspace(double start, double stop, int count)
    {
        const int Lanes = 8;
        float from = (float)start, to = (float)stop, step = count > 1 ? (to - from) / (count - 1) : 0;
        int vectorised = count - count % (2 * Lanes);
        double[] grid = new double[count];
        for (int i = 0; i < count; i++)
        {
            int first = i < vectorised ? i - i % Lanes : i;
            float origin = first < count / 2
                ? MathF.FusedMultiplyAdd(step, first, from)
                : MathF.FusedMultiplyAdd(-step, count - first - 1, to);
            grid[i] = MathF.FusedMultiplyAdd(step, i - first, origin);
        }

        return grid;
    }

    /// <summary><paramref name="start"/> down to 0, excluded. Rounding may yield one number more than start/step.</summary>
    public static double[] Descending(double start, double step)
    {
        int count = (int)Math.Ceiling(start / step);
        double delta = start - step - start;
        return [.. Enumerable.Range(0, count).Select(i => start + i * delta)];
    }

    /// <summary>Linear interpolation in a table over 0, 1, 2, …; constant beyond its ends.</summary>
    public static double Interpolate(double[] table, double x)
    {
        if (x <= 0) return table[0];
        if (x >= table.Length - 1) return table[^1];
        int low = (int)x;
        return (table[low + 1] - table[low]) * (x - low) + table[low];
    }

    /// <summary>The numbers in single precision.</summary>
    public static double[] ToSingle(IEnumerable<double> values) => [.. values.Select(v => (double)(float)v)];
}
