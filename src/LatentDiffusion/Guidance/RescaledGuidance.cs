using System.ComponentModel.DataAnnotations;
using static TorchSharp.torch;

namespace LatentDiffusion.Guidance;

/// <summary>
/// Guidance whose result is brought back to the spread of the conditional prediction, against the overexposure of large
/// scales: φ·x̃·σ_c/σ̃ + (1 − φ)·x̃ with the standard deviation of each image (Lin et al. 2024, "Common Diffusion Noise
/// Schedules and Sample Steps are Flawed", section 3.4, equations 14 to 16).
/// </summary>
/// <param name="inner">The guidance to rescale.</param>
/// <param name="options">How much; null for the defaults.</param>
/// <exception cref="ValidationException">An option is out of its range; the message names it.</exception>
/// <example>
/// <code>
/// using LatentDiffusion;
/// using LatentDiffusion.Guidance;
///
/// using DiffusionPipeline pipeline = new DiffusionPipelineBuilder()
///     .UseModelFolder("models/stable-diffusion-v1-5")
///     .UseGuidance(new RescaledGuidance(new ClassifierFreeGuidance(), new() { GuidanceRescale = 0.7 }))
///     .Build();
/// </code>
/// </example>
public sealed class RescaledGuidance(IGuidance inner, RescaledGuidanceOptions? options = null) : IGuidance
{
    private readonly IGuidance _inner = inner ?? throw new ArgumentNullException(nameof(inner));
    private readonly RescaledGuidanceOptions _options = ValidOptions.Check(options ?? new());

    IGuidance? IGuidance.Inner => _inner;

    object? IGuidance.Options => _options;

    /// <inheritdoc />
    public bool NeedsUnconditional => _inner.NeedsUnconditional;

    /// <inheritdoc />
    public bool ActsAtScaleOne => _inner.ActsAtScaleOne;

    /// <inheritdoc />
    public GuidedDenoiser Guide(IDenoiser denoiser, Conditioning? unconditional, double scale)
    {
        ArgumentNullException.ThrowIfNull(denoiser);
        GuidedDenoiser inner = _inner.Guide(denoiser, unconditional, scale);
        double rescale = _options.GuidanceRescale;
        return GuidancePasses.Scoped(input =>
        {
            GuidedPrediction prediction = GuidancePasses.Evaluate(inner, input);
            if (rescale == 0 || ReferenceEquals(prediction.Guided, prediction.Conditional)) return prediction;
            Tensor conditional = GuidancePasses.ConditionalOf(prediction, denoiser, input);
            Tensor ratio = (Variance(conditional) / Variance(prediction.Guided)).sqrt();
            // A constant prediction has no spread to scale to.
            Tensor factor = where(isfinite(ratio), ratio.Multiply(rescale).Add(1 - rescale), ones_like(ratio));
            return prediction with { Guided = (prediction.Guided * factor).to(prediction.Guided.dtype), Conditional = conditional };
        });
    }

    /// <summary>Of each image, [batch, 1, …]; the divisor drops out of the ratio.</summary>
    private static Tensor Variance(Tensor x)
    {
        Tensor flat = GuidancePasses.Widen(x.flatten(1));
        Tensor variance = (flat - flat.mean([1], keepdim: true)).Square().mean([1], keepdim: true);
        return variance.reshape([x.shape[0], .. Enumerable.Repeat(1L, x.shape.Length - 1)]);
    }
}
