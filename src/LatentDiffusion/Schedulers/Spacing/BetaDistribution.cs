namespace LatentDiffusion.Schedulers;

/// <summary>The beta distribution on [0, 1].</summary>
internal static class BetaDistribution
{
    /// <summary>The x at which the distribution function reaches <paramref name="probability"/>, to about 1e−15.</summary>
    /// <param name="probability">In [0, 1].</param>
    /// <param name="a">First shape, positive.</param>
    /// <param name="b">Second shape, positive.</param>
    public static double Quantile(double probability, double a, double b)
    {
        if (probability <= 0) return 0;
        if (probability >= 1) return 1;

        // Halves are integrals that converge fast; their sum is the normalisation, so that no gamma function is needed.
        double lowerHalf = Integral(0.5, a, b), upperHalf = Integral(0.5, b, a), total = lowerHalf + upperHalf;
        return probability * total <= lowerHalf
            ? Invert(probability * total, a, b)
            : 1 - Invert((1 - probability) * total, b, a);
    }

    /// <summary>
    /// The x in [0, ½] at which the integral reaches <paramref name="value"/>, by bisection in the power of x that is nearly linear.
    /// </summary>
    private static double Invert(double value, double a, double b)
    {
        double low = 0, high = Math.Pow(0.5, a);
        for (int i = 0; i < 64; i++)
        {
            double middle = (low + high) / 2;
            if (Integral(Math.Pow(middle, 1 / a), a, b) < value) low = middle;
            else high = middle;
        }

        return Math.Pow((low + high) / 2, 1 / a);
    }

    /// <summary>∫₀ˣ t^{a−1}(1−t)^{b−1} dt for x in [0, ½], by its power series (Abramowitz &amp; Stegun 26.5.4).</summary>
    private static double Integral(double x, double a, double b)
    {
        double sum = 0, term = 1;
        for (int n = 0; n < 200; n++)
        {
            double next = sum + term / (a + n);
            if (next == sum) break;
            sum = next;
            term *= (n + 1 - b) / (n + 1) * x;
        }

        return Math.Pow(x, a) * sum;
    }
}
