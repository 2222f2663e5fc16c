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
    /// <summary>Reads <c>base_shift</c>, <c>max_shift</c>, <c>base_image_seq_len</c> and <c>max_image_seq_len</c>.</summary>
    public static DynamicShift Read(OptionReader options) => new(
        options.NullableDouble("base_shift", 0.5) ?? 0.5,
        options.NullableDouble("max_shift", 1.15) ?? 1.15,
        options.Int("base_image_seq_len", 256),
        options.Int("max_image_seq_len", 4096));

    /// <exception cref="ArgumentException">No line goes through the two points.</exception>
    public DynamicShift Checked() => BaseTokens != MaxTokens ? this : throw new ArgumentException(
        $"Scheduler options 'base_image_seq_len' and 'max_image_seq_len' are both {MaxTokens}; use_dynamic_shifting needs them to differ.");

    /// <summary>μ for an image.</summary>
    /// <param name="tokens">Number of tokens that the network reads of it.</param>
    public double MuFor(int tokens)
    {
        double slope = (MaxShift - BaseShift) / (MaxTokens - BaseTokens);
        return tokens * slope + (BaseShift - slope * BaseTokens);
    }
}
