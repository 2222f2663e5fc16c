namespace LatentDiffusion.Evaluation;

/// <summary>A line fitted to points whose noise is a stationary autoregressive process of first order.</summary>
/// <param name="Correlation">The assumed correlation ρ of neighbouring errors.</param>
/// <param name="Level">The line's height at x = 0.</param>
/// <param name="Slope">The line's slope.</param>
/// <param name="Error">Standard error of the slope.</param>
/// <param name="LogLikelihood">
/// Logarithm of the likelihood of the points at this ρ, with line and variance integrated out; up to a constant.
/// </param>
internal readonly record struct TrendFit(double Correlation, double Level, double Slope, double Error, double LogLikelihood)
{
    /// <summary>Least squares on the differences y_i − ρ·y_(i−1), which are independent, and √(1 − ρ²)·y_0.</summary>
    public static TrendFit Create(double[] x, double[] y, double correlation)
    {
        int n = x.Length;
        double first = Math.Sqrt(1 - correlation * correlation);
        double uu = 0, uv = 0, vv = 0, uw = 0, vw = 0;
        for (int i = 0; i < n; i++)
        {
            (double u, double v, double w) = Whitened(i);
            (uu, uv, vv, uw, vw) = (uu + u * u, uv + u * v, vv + v * v, uw + u * w, vw + v * w);
        }

        double determinant = uu * vv - uv * uv;
        double slope = (uu * vw - uv * uw) / determinant, level = (vv * uw - uv * vw) / determinant;
        double squares = 0;
        for (int i = 0; i < n; i++)
        {
            (double u, double v, double w) = Whitened(i);
            double error = w - level * u - slope * v;
            squares += error * error;
        }

        return new TrendFit(
            correlation, level, slope, Math.Sqrt(squares / (n - 2) * uu / determinant),
            Math.Log(first) - 0.5 * Math.Log(determinant) - 0.5 * (n - 2) * Math.Log(squares));

        (double One, double X, double Y) Whitened(int i) => i == 0
            ? (first, first * x[0], first * y[0])
            : (1 - correlation, x[i] - correlation * x[i - 1], y[i] - correlation * y[i - 1]);
    }
}
