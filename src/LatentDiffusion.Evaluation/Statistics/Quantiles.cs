namespace LatentDiffusion.Evaluation;

/// <summary>Half widths of confidence intervals in standard errors.</summary>
internal static class Quantiles
{
    /// <summary>Above this, Student's distribution equals the normal one to four digits.</summary>
    private const int ManyDegrees = 20_000;

    /// <summary>The t with P(|T| &lt; t) = <paramref name="confidence"/> for Student's distribution.</summary>
    /// <param name="confidence">In (0, 1).</param>
    /// <param name="degrees">Degrees of freedom, at least 1.</param>
    public static double Student(double confidence, int degrees)
    {
        CheckConfidence(confidence);
        return degrees > ManyDegrees ? Normal(confidence) : StudentDistribution.Quantile((1 + confidence) / 2, degrees);
    }

    /// <summary>The z with P(|Z| &lt; z) = <paramref name="confidence"/> for the standard normal distribution.</summary>
    /// <param name="confidence">In (0, 1).</param>
    public static double Normal(double confidence)
    {
        CheckConfidence(confidence);
        return StudentDistribution.Root(z => NormalWithin(z) - confidence, 0, 1);
    }

    public static void CheckConfidence(double confidence)
    {
        if (!(confidence is > 0 and < 1))
            throw new ArgumentOutOfRangeException(
                nameof(confidence), confidence, "A confidence is between 0 and 1, for example 0.95.");
    }

    /// <summary>P(|Z| &lt; z) = 2φ(z)·Σ z^{2n+1}/(1·3·…·(2n+1)) (Abramowitz &amp; Stegun 26.2.11).</summary>
    private static double NormalWithin(double z)
    {
        double term = z, sum = z;
        for (int n = 3; term > 1e-17 * sum; n += 2) sum += term *= z * z / n;
        return 2 * Math.Exp(-z * z / 2) / Math.Sqrt(2 * Math.PI) * sum;
    }
}
