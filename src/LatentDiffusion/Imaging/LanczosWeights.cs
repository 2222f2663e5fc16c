namespace LatentDiffusion.Imaging;

/// <summary>
/// The source values and weights of each value in a part of the resampled line: a Lanczos filter of three lobes, which is
/// widened when shrinking so that no value is skipped (Duchon 1979).
/// </summary>
internal sealed class LanczosWeights
{
    /// <summary>Number of lobes on each side.</summary>
    private const double Lobes = 3;

    private readonly int[] _first;
    private readonly float[][] _weights;

    /// <param name="length">Number of values in the source line.</param>
    /// <param name="newLength">Number of values in the whole resampled line.</param>
    /// <param name="start">First value of the part.</param>
    /// <param name="count">Number of values in the part.</param>
    public LanczosWeights(int length, int newLength, int start, int count)
    {
        (_first, _weights) = (new int[count], new float[count][]);
        for (int i = 0; i < count; i++)
            (_first[i], _weights[i]) = length == newLength ? (start + i, [1]) : WeightsAt(start + i, length, newLength);
        Begin = _first.Min();
        End = Enumerable.Range(0, count).Max(i => _first[i] + _weights[i].Length);
        Longest = _weights.Max(w => w.Length);
    }

    /// <summary>Number of values in the part.</summary>
    public int Count => _first.Length;

    /// <summary>The first source value with a weight.</summary>
    public int Begin { get; }

    /// <summary>One after the last source value with a weight.</summary>
    public int End { get; }

    /// <summary>Maximum number of source values for one value.</summary>
    public int Longest { get; }

    /// <summary>The first source value for a value of the part, and the weights from there on.</summary>
    public (int First, float[] Weights) this[int index] => (_first[index], _weights[index]);

    private static (int First, float[] Weights) WeightsAt(int index, int length, int newLength)
    {
        double ratio = (double)length / newLength, stretch = Math.Max(ratio, 1);
        double centre = (index + 0.5) * ratio;
        int first = Math.Max(0, (int)Math.Floor(centre - Lobes * stretch + 0.5));
        int last = Math.Min(length, (int)Math.Floor(centre + Lobes * stretch + 0.5));
        double[] raw = [.. Enumerable.Range(first, last - first).Select(i => Lanczos((i + 0.5 - centre) / stretch))];
        double total = raw.Sum();
        return (first, [.. raw.Select(w => (float)(w / total))]);
    }

    private static double Lanczos(double x) => Math.Abs(x) >= Lobes ? 0 : Sinc(x) * Sinc(x / Lobes);

    private static double Sinc(double x) => x == 0 ? 1 : Math.Sin(Math.PI * x) / (Math.PI * x);
}
