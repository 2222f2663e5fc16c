namespace LatentDiffusion.Evaluation;

/// <summary>Student's t distribution, by the incomplete beta function (Abramowitz &amp; Stegun 1964, 26.7.1 and 26.5.8).</summary>
internal static class StudentDistribution
{
    private const double Accuracy = 1e-15;

    // Lanczos' approximation with g = 7 and nine terms (Lanczos 1964), accurate to 15 digits.
    private static readonly double[] s_lanczos =
    [
        0.99999999999980993, 676.5203681218851, -1259.1392167224028, 771.32342877765313, -176.61502916214059,
        12.507343278686905, -0.13857109526572012, 9.9843695780195716e-6, 1.5056327351493116e-7,
    ];

    /// <summary>P(T ≤ t).</summary>
    public static double Cumulative(double t, double degrees)
    {
        double tail = IncompleteBeta(degrees / 2, 0.5, degrees / (degrees + t * t)) / 2;
        return t > 0 ? 1 - tail : tail;
    }

    /// <summary>The t below which T lies with a probability in (0, 1).</summary>
    public static double Quantile(double probability, double degrees)
    {
        if (!(probability > 0 && probability < 1))
            throw new ArgumentOutOfRangeException(nameof(probability), probability, "A probability lies between 0 and 1.");
        if (probability < 0.5) return -Quantile(1 - probability, degrees);
        return Root(t => Cumulative(t, degrees) - probability, 0, 1);
    }

    /// <summary>The zero of an increasing function, at or above a lower bound.</summary>
    /// <param name="increasing">The function.</param>
    /// <param name="low">The lower bound.</param>
    /// <param name="step">First guess of the distance from the bound.</param>
    public static double Root(Func<double, double> increasing, double low, double step)
    {
        double high = low + step;
        while (increasing(high) < 0) high = low + (step *= 2);
        while (high - low > 1e-14 * Math.Max(Math.Abs(low), Math.Abs(high)))
        {
            double middle = low + (high - low) / 2;
            if (middle == low || middle == high) break;
            if (increasing(middle) < 0) low = middle;
            else high = middle;
        }

        return low + (high - low) / 2;
    }

    /// <summary>ln Γ(x) for x ≥ 0.5.</summary>
    internal static double LogGamma(double x)
    {
        double sum = s_lanczos[0], t = x + 6.5;
        for (int i = 1; i < s_lanczos.Length; i++) sum += s_lanczos[i] / (x - 1 + i);
        return 0.5 * Math.Log(2 * Math.PI) + (x - 0.5) * Math.Log(t) - t + Math.Log(sum);
    }

    private static double IncompleteBeta(double a, double b, double x)
    {
        if (x <= 0) return 0;
        if (x >= 1) return 1;
        double front = Math.Exp(LogGamma(a + b) - LogGamma(a) - LogGamma(b) + a * Math.Log(x) + b * Math.Log(1 - x));
        // The fraction converges fast on this side of the mean; on the other side, its mirror image does.
        return x < (a + 1) / (a + b + 2) ? front * Fraction(a, b, x) / a : 1 - front * Fraction(b, a, 1 - x) / b;
    }

    /// <summary>The continued fraction, by Lentz's method.</summary>
    private static double Fraction(double a, double b, double x)
    {
        double c = 1, d = 1 / (1 - (a + b) * x / (a + 1)), value = d;
        for (int m = 1; m <= 10_000; m++)
        {
            double even = m * (b - m) * x / ((a + 2 * m - 1) * (a + 2 * m));
            d = 1 / (1 + even * d);
            c = 1 + even / c;
            value *= d * c;
            double odd = -(a + m) * (a + b + m) * x / ((a + 2 * m) * (a + 2 * m + 1));
            d = 1 / (1 + odd * d);
            c = 1 + odd / c;
            value *= d * c;
            if (Math.Abs(d * c - 1) < Accuracy) break;
        }

        return value;
    }
}
