namespace LatentDiffusion;

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
