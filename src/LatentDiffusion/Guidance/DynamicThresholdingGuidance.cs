using System.ComponentModel.DataAnnotations;
using static TorchSharp.torch;

namespace LatentDiffusion.Guidance;

/// <summary>
/// Dynamic thresholding (Saharia et al. 2022, section 2.3 and appendix A.32): the clean sample that a guided prediction
/// means is cut at a quantile s of its absolute values and divided by s where s exceeds the range of samples, so that
/// large scales do not saturate. Where a prediction does not determine a clean sample (noise at zero signal) it is left as it is.
/// </summary>
/// <param name="inner">The guidance whose predictions are thresholded.</param>
/// <param name="process">The model's diffusion process.</param>
/// <param name="options">Where to cut; null for the defaults.</param>
/// <exception cref="ValidationException">An option is out of its range; the message names it.</exception>
public sealed class DynamicThresholdingGuidance(
    IGuidance inner, DiffusionProcess process, DynamicThresholdingOptions? options = null) : IGuidance
{
    private readonly IGuidance _inner = inner ?? throw new ArgumentNullException(nameof(inner));
    private readonly DiffusionProcess _process = process ?? throw new ArgumentNullException(nameof(process));
    private readonly DynamicThresholdingOptions _options = ValidOptions.Check(options ?? new());

    IGuidance? IGuidance.Inner => _inner;

    object? IGuidance.Options => _options;

    /// <inheritdoc />
    public bool NeedsUnconditional => _inner.NeedsUnconditional;

    /// <inheritdoc />
    public bool ActsAtScaleOne => true;

    /// <inheritdoc />
    public GuidedDenoiser Guide(IDenoiser denoiser, Conditioning? unconditional, double scale)
    {
        ArgumentNullException.ThrowIfNull(denoiser);
        GuidedDenoiser inner = _inner.Guide(denoiser, unconditional, scale);
        (double range, double ratio) = (_options.SampleRange, _options.DynamicThresholdingRatio);
        var bounds = new SampleBounds(Thresholding: true, ratio, _options.SampleMaxValue / range, ClipRange: null);
        return GuidancePasses.Scoped(input =>
        {
            GuidedPrediction prediction = GuidancePasses.Evaluate(inner, input);
            NoiseLevel level = _process.LevelAt(input.Timestep);
            if (!_process.CleanWeights(level).IsInvertible) return prediction;

            Tensor guided = GuidancePasses.Widen(prediction.Guided), noisy = GuidancePasses.Widen(input.Latents);
            Tensor clean = _process.ToClean(guided, noisy, level);
            Tensor bounded = bounds.Apply(clean.Divide(range)).Multiply(range);
            return prediction with { Guided = _process.FromClean(bounded, noisy, level).to(prediction.Guided.dtype) };
        });
    }
}
