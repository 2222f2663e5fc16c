using System.ComponentModel.DataAnnotations;
using static TorchSharp.torch;

namespace LatentDiffusion;

/// <summary>
/// Dynamic thresholding (Saharia et al. 2022, section 2.3 and appendix A.32): the clean sample that a guided prediction
/// means is cut at a quantile s of its absolute values and divided by s where s exceeds the range of samples, so that
/// large scales do not saturate. Where a prediction tells no clean sample (noise at zero signal) it is left as it is.
/// </summary>
/// <param name="inner">The guidance whose predictions are thresholded.</param>
/// <param name="space">What the predictions mean.</param>
/// <param name="options">Where to cut; null for the defaults.</param>
/// <exception cref="ValidationException">An option is out of its range; the message names it.</exception>
public sealed class DynamicThresholdingGuidance(IGuidance inner, PredictionSpace space, DynamicThresholdingOptions? options = null) : IGuidance, IDescribedGuidance
{
    private readonly IGuidance _inner = inner ?? throw new ArgumentNullException(nameof(inner));
    private readonly PredictionSpace _space = space ?? throw new ArgumentNullException(nameof(space));
    private readonly DynamicThresholdingOptions _options = GuidanceOptions.Checked(options ?? new());

    IGuidance? IDescribedGuidance.Inner => _inner;

    object IDescribedGuidance.Options => _options;

    /// <inheritdoc />
    public bool NeedsUnconditional => _inner.NeedsUnconditional;

    /// <inheritdoc />
    public bool ActsAtScaleOne => true;

    /// <inheritdoc />
    public IDenoiser Guide(IDenoiser denoiser, Conditioning? unconditional, double scale)
    {
        ArgumentNullException.ThrowIfNull(denoiser);
        return new Guided(denoiser, _inner.Guide(denoiser, unconditional, scale), _space, _options);
    }

    private sealed class Guided(IDenoiser plain, IDenoiser inner, PredictionSpace space, DynamicThresholdingOptions options) : GuidedDenoiser(plain)
    {
        private readonly SampleBounds _bounds =
            new(Thresholding: true, options.DynamicThresholdingRatio, options.SampleMaxValue / options.SampleRange, ClipRange: null);

        public override GuidedPrediction Evaluate(Tensor latents, double timestep, Conditioning conditioning)
        {
            GuidedPrediction prediction = Evaluate(inner, latents, timestep, conditioning);
            if (!space.IsInvertible(timestep)) return prediction;

            Tensor guided = Wide(prediction.Guided), noisy = Wide(latents);
            Tensor clean = space.ToClean(guided, noisy, timestep);
            Tensor bounded = _bounds.Apply(clean.Divide(options.SampleRange)).Multiply(options.SampleRange);
            return prediction with { Guided = space.FromClean(bounded, noisy, timestep).to(prediction.Guided.dtype) };
        }
    }
}
