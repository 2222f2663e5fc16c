namespace LatentDiffusion.Evaluation;

/// <summary>How many standard errors a confidence interval reaches to each side.</summary>
internal static class Quantiles
{
    /// <summary>Beyond it Student's distribution is the normal one to four digits.</summary>
    private const int ManyDegrees = 20_000;

    /// <summary>The t with P(|T| &lt; t) = <paramref name="confidence"/> for Student's distribution.</summary>
    /// <param name="confidence">In (0, 1).</param>
    /// <param name="degrees">Degrees of freedom, at least 1.</param>
    public static double Student(double confidence, int degrees)
    {
        CheckConfidence(confidence);
        if (degrees > ManyDegrees) return Normal(confidence);
        double angle = Invert(confidence, Math.PI / 2, angle => StudentWithin(angle, degrees));
        return Math.Tan(angle) * Math.Sqrt(degrees);
    }

    /// <summary>The z with P(|Z| &lt; z) = <paramref name="confidence"/> for the standard normal distribution.</summary>
    /// <param name="confidence">In (0, 1).</param>
    public static double Normal(double confidence)
    {
        CheckConfidence(confidence);
        return Invert(confidence, 8, NormalWithin);
    }

    public static void CheckConfidence(double confidence)
    {
        if (!(confidence is > 0 and < 1)) throw new ArgumentOutOfRangeException(nameof(confidence), confidence, "A confidence is between 0 and 1, for example 0.95.");
    }

    /// <summary>P(|T| &lt; √ν·tan θ): Abramowitz &amp; Stegun 26.7.3 and 26.7.4, exact for whole degrees of freedom.</summary>
    private static double StudentWithin(double angle, int degrees)
    {
        double sine = Math.Sin(angle), cosine = Math.Cos(angle), square = cosine * cosine;
        bool odd = degrees % 2 == 1;
        if (degrees == 1) return 2 * angle / Math.PI;
        double term = odd ? cosine : 1, sum = term;
        for (int k = odd ? 2 : 1; k <= degrees - 3; k += 2) sum += term *= (double)k / (k + 1) * square;
        return odd ? 2 / Math.PI * (angle + sine * sum) : sine * sum;
    }

    /// <summary>P(|Z| &lt; z) = 2φ(z)·Σ z^{2n+1}/(1·3·…·(2n+1)) (Abramowitz &amp; Stegun 26.2.11).</summary>
    private static double NormalWithin(double z)
    {
        double term = z, sum = z;
        for (int n = 3; term > 1e-17 * sum; n += 2) sum += term *= z * z / n;
        return 2 * Math.Exp(-z * z / 2) / Math.Sqrt(2 * Math.PI) * sum;
    }

    private static double Invert(double value, double high, Func<double, double> rising)
    {
        double low = 0;
        for (int i = 0; i < 60; i++)
        {
            double middle = (low + high) / 2;
            if (rising(middle) < value) low = middle;
            else high = middle;
        }

        return (low + high) / 2;
    }
}
