namespace LatentDiffusion.Schedulers;

/// <summary>
/// The μ of dynamic shifting: linear in the number of image tokens, so that larger images get more noise (Esser et al. 2024,
/// section 5.3.2; as published with FLUX).
/// </summary>
/// <param name="BaseShift">μ at <paramref name="BaseTokens"/>.</param>
/// <param name="MaxShift">μ at <paramref name="MaxTokens"/>.</param>
/// <param name="BaseTokens">A number of tokens.</param>
/// <param name="MaxTokens">A larger one. μ continues beyond both.</param>
internal sealed record DynamicShift(double BaseShift, double MaxShift, int BaseTokens, int MaxTokens)
{
    /// <summary>Beyond it FLUX.2's μ does not depend on the number of steps.</summary>
    private const int MostTokensWithSteps = 4300;

    /// <summary>Side in latents of the square patch of one token. Default 2.</summary>
    public int PatchSize { get; init; } = 2;

    /// <summary>
    /// Whether μ also follows from the number of steps, as the pipelines of FLUX.2 compute it, and not from the line. Default false.
    /// </summary>
    public bool DependsOnSteps { get; init; }

    /// <summary>Reads <c>base_shift</c>, <c>max_shift</c>, <c>base_image_seq_len</c> and <c>max_image_seq_len</c>.</summary>
    public static DynamicShift Read(OptionReader options) => new(
        options.NullableDouble("base_shift", 0.5) ?? 0.5,
        options.NullableDouble("max_shift", 1.15) ?? 1.15,
        options.Int("base_image_seq_len", 256),
        options.Int("max_image_seq_len", 4096))
    {
        PatchSize = FlowSampling.PatchSize(options),
        DependsOnSteps = FlowSampling.DependsOnSteps(options),
    };

    /// <exception cref="ArgumentException">No line goes through the two points.</exception>
    public DynamicShift Checked() => BaseTokens != MaxTokens ? this : throw new ArgumentException(
        $"Scheduler options 'base_image_seq_len' and 'max_image_seq_len' are both {MaxTokens}; use_dynamic_shifting needs them to differ.");

    /// <summary>μ for an image.</summary>
    /// <param name="tokens">Number of tokens that the network reads of it.</param>
    /// <param name="steps">Number of steps.</param>
    public double MuFor(int tokens, int steps)
    {
        if (DependsOnSteps) return Empirical(tokens, steps);
        double slope = (MaxShift - BaseShift) / (MaxTokens - BaseTokens);
        return tokens * slope + (BaseShift - slope * BaseTokens);
    }

    /// <summary>A line through the values at 10 and at 200 steps, each of which is linear in the number of tokens.</summary>
    private static double Empirical(int tokens, int steps)
    {
        const double FewSteps = 10, ManySteps = 200;
        double few = 8.73809524e-05 * tokens + 1.89833333, many = 0.00016927 * tokens + 0.45666666;
        if (tokens > MostTokensWithSteps) return many;
        double slope = (many - few) / (ManySteps - FewSteps);
        return slope * steps + (many - ManySteps * slope);
    }
}
