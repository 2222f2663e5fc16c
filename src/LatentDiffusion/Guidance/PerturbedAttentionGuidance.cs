using System.ComponentModel.DataAnnotations;
using static TorchSharp.torch;

namespace LatentDiffusion;

/// <summary>
/// Perturbed-attention guidance (Ahn et al. 2024, "Self-Rectifying Diffusion Sampling with Perturbed-Attention Guidance",
/// equation 15): away from the prediction of the same network whose self-attention maps are the identity in some blocks,
/// + s·(ε_c − ε_p). Stands alone, even with the empty prompt, or is added to other guidance; the perturbed pass is one
/// evaluation more, after the others.
/// </summary>
/// <param name="inner">The guidance that it is added to; null for none.</param>
/// <param name="options">Scale and layers; null for the defaults.</param>
/// <exception cref="ValidationException">An option is out of its range; the message names it.</exception>
public sealed class PerturbedAttentionGuidance(IGuidance? inner = null, PerturbedAttentionOptions? options = null) : IGuidance, IDescribedGuidance
{
    // The number of training timesteps in the published formula of the adaptive scale.
    private const double Timesteps = 1000;

    private readonly PerturbedAttentionOptions _options = GuidanceOptions.Checked(options ?? new());

    IGuidance? IDescribedGuidance.Inner => inner;

    object IDescribedGuidance.Options => _options;

    /// <inheritdoc />
    public bool NeedsUnconditional => inner?.NeedsUnconditional ?? false;

    /// <inheritdoc />
    public bool ActsAtScaleOne => true;

    /// <inheritdoc />
    /// <exception cref="NotSupportedException">The denoiser has no attention that can be perturbed.</exception>
    /// <exception cref="ArgumentException">The denoiser has no self-attention in one of the layers.</exception>
    public IDenoiser Guide(IDenoiser denoiser, Conditioning? unconditional, double scale)
    {
        ArgumentNullException.ThrowIfNull(denoiser);
        if (denoiser is not IPerturbableDenoiser perturbable)
            throw new NotSupportedException($"Perturbed-attention guidance needs an {nameof(IPerturbableDenoiser)}; {WatchedDenoiser.NameOf(denoiser)} is none.");
        return new Guided(denoiser, inner?.Guide(denoiser, unconditional, scale), perturbable.Perturb(_options.Layers), _options);
    }

    private sealed class Guided(IDenoiser plain, IDenoiser? inner, IDenoiser perturbed, PerturbedAttentionOptions options) : GuidedDenoiser(plain)
    {
        public override GuidedPrediction Evaluate(Tensor latents, double timestep, Conditioning conditioning)
        {
            GuidedPrediction prediction = inner is null ? Unguided(latents, timestep, conditioning) : Evaluate(inner, latents, timestep, conditioning);
            double scale = Math.Max(0, options.Scale - options.AdaptiveScale * (Timesteps - timestep));
            if (scale == 0) return prediction;
            Tensor conditional = prediction.Conditional ?? Split(Plain.Predict(latents, timestep, conditioning), latents).Prediction;
            Tensor without = Split(perturbed.Predict(latents, timestep, conditioning), latents).Prediction;
            return prediction with { Guided = prediction.Guided.Add((conditional - without).Multiply(scale)), Conditional = conditional };
        }
    }
}
