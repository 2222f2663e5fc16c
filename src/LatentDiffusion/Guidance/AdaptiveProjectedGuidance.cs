using System.ComponentModel.DataAnnotations;
using static TorchSharp.torch;

namespace LatentDiffusion.Guidance;

/// <summary>
/// Adaptive projected guidance (Sadat et al. 2024, "Eliminating Oversaturation and Artifacts of High Guidance Scales in
/// Diffusion Models", section 4): of the step from the unconditional to the conditional clean sample, bounded in norm,
/// the part parallel to the conditional one, which saturates, is weighted by η. Takes the place of
/// <see cref="ClassifierFreeGuidance"/>, which it equals with η = 1 and no bound. Without the paper's optional momentum,
/// which would be state from one step to the next. Where a prediction does not determine a clean sample it is applied to the
/// prediction itself.
/// </summary>
/// <param name="process">The model's diffusion process.</param>
/// <param name="options">η and the bound; null for the defaults.</param>
/// <exception cref="ValidationException">An option is out of its range; the message names it.</exception>
public sealed class AdaptiveProjectedGuidance(DiffusionProcess process, AdaptiveProjectedGuidanceOptions? options = null) : IGuidance
{
    private readonly DiffusionProcess _process = process ?? throw new ArgumentNullException(nameof(process));
    private readonly AdaptiveProjectedGuidanceOptions _options = ValidOptions.Check(options ?? new());

    object? IGuidance.Options => _options;

    /// <inheritdoc />
    public bool NeedsUnconditional => true;

    /// <inheritdoc />
    public GuidedDenoiser Guide(IDenoiser denoiser, Conditioning? unconditional, double scale)
    {
        ArgumentNullException.ThrowIfNull(denoiser);
        if (scale == 1) return GuidancePasses.Unguided(denoiser);
        ArgumentNullException.ThrowIfNull(unconditional);
        return GuidancePasses.Scoped(input =>
        {
            (Tensor without, Tensor with, Tensor? variance) = GuidancePasses.Both(denoiser, input, unconditional, _options.SeparatePasses);
            Tensor guided = Guided(without, with, input, scale);
            return new GuidedPrediction(guided) { Conditional = with, Unconditional = without, Variance = variance };
        });
    }

    private Tensor Guided(Tensor without, Tensor with, DenoiserInput input, double scale)
    {
        (Tensor latents, NoiseLevel level) = (input.Latents, _process.LevelAt(input.Timestep));
        if (!_process.CleanWeights(level).IsInvertible) return Steer(without, with, scale);
        Tensor guided = Steer(_process.ToClean(without, latents, level), _process.ToClean(with, latents, level), scale);
        return _process.FromClean(guided, latents, level);
    }

    /// <summary>Algorithm 1 of the paper: D_c + (w − 1)·(Δ_⊥ + η·Δ_∥).</summary>
    private Tensor Steer(Tensor without, Tensor with, double scale)
    {
        Tensor target = GuidancePasses.Widen(with.flatten(1)), step = target - GuidancePasses.Widen(without.flatten(1));
        if (double.IsFinite(_options.Rescale)) step = step * Dot(step, step).sqrt().reciprocal().Multiply(_options.Rescale).Clamp(0, 1);
        Tensor length = Dot(target, target);
        Tensor share = where(length.to(ScalarType.Bool), Dot(step, target) / length, zeros_like(length));
        Tensor update = step - share.Multiply(1 - _options.Eta) * target;
        return target.Add(update.Multiply(scale - 1)).reshape(with.shape).to(with.dtype);
    }

    private static Tensor Dot(Tensor one, Tensor other) => (one * other).sum(1, keepdim: true);
}
