namespace LatentDiffusion.Schedulers;

/// <summary>Moves the noise levels of a flow towards more noise, as larger images need (Esser et al. 2024, section 5.3.2).</summary>
internal static class FlowShift
{
    /// <summary>s·σ/(1 + (s − 1)·σ) (equation 23).</summary>
    public static double Apply(double shift, double sigma) => shift * sigma / (1 + (shift - 1) * sigma);

    /// <summary>The resolution-dependent shift by μ: e^μ/(e^μ + 1/σ − 1), or with μ itself for e^μ.</summary>
    public static double Dynamic(bool exponential, double mu, double sigma)
    {
        if (!exponential && mu <= 0) throw new ArgumentException($"Mu is more than 0 with time_shift_type 'linear', not {mu}.", nameof(mu));
        double shift = exponential ? Math.Exp(mu) : mu;
        return shift / (shift + (1 / sigma - 1));
    }

    /// <summary>Stretches the levels so that the last is <paramref name="terminal"/>; none where that is null or 0.</summary>
    public static double[] Stretch(double[] sigmas, double? terminal)
    {
        if (terminal is not { } end || end == 0) return sigmas;
        double scale = (1 - sigmas[^1]) / (1 - end);
        return [.. sigmas.Select(s => 1 - (1 - s) / scale)];
    }
}
