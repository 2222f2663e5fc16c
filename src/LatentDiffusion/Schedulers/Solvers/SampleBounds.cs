using static TorchSharp.torch;

namespace LatentDiffusion.Schedulers;

/// <summary>Keeps predicted clean samples in range: by clipping, or by dynamic thresholding (Saharia et al. 2022, section 2.3).</summary>
/// <param name="Thresholding">Whether to threshold each sample at a quantile of its absolute values; comes before clipping.</param>
/// <param name="Ratio">Which quantile, in [0, 1].</param>
/// <param name="MaxThreshold">Upper bound of the threshold, whose lower bound is 1.</param>
/// <param name="ClipRange">Values are clipped to [−range, range]; null for not at all.</param>
internal sealed record SampleBounds(bool Thresholding, double Ratio, double MaxThreshold, double? ClipRange)
{
    /// <summary>Reads the published options.</summary>
    /// <param name="options">Where from.</param>
    /// <param name="thresholding">Whether the class has the thresholding options.</param>
    /// <param name="clipByDefault">Default of <c>clip_sample</c>; null where the class has no such option.</param>
    public static SampleBounds Read(OptionReader options, bool thresholding = true, bool? clipByDefault = null)
    {
        bool clip = clipByDefault is { } byDefault && options.Bool("clip_sample", byDefault);
        double range = clipByDefault is null ? 1 : options.Double("clip_sample_range", 1);
        return thresholding
            ? new SampleBounds(
                options.Bool("thresholding", false),
                options.Double("dynamic_thresholding_ratio", 0.995),
                options.Double("sample_max_value", 1),
                clip ? range : null)
            : new SampleBounds(false, 1, 1, clip ? range : null);
    }

    /// <summary>The samples in range; <paramref name="clean"/> itself where nothing is to be done.</summary>
    /// <param name="clean">Predicted x_0, [batch, …].</param>
    public Tensor Apply(Tensor clean)
    {
        if (Thresholding) return Threshold(clean);
        return ClipRange is { } range ? clean.Clamp(-range, range) : clean;
    }

    private Tensor Threshold(Tensor clean)
    {
        Tensor flat = clean.reshape(clean.shape[0], -1);
        Tensor q = tensor(Ratio, dtype: flat.dtype, device: flat.device);
        // Clamped from below to 1, where thresholding is plain clipping to [−1, 1].
        Tensor s = quantile(flat.abs(), q, dim: 1).Clamp(1, MaxThreshold).unsqueeze(1);
        return minimum(maximum(flat, -s), s).div(s).reshape(clean.shape);
    }
}
