using TorchSharp;
using static TorchSharp.torch;

namespace LatentDiffusion.Guidance;

/// <summary>
/// Classifier-free guidance whose scale counts from the conditional prediction, ε̃ = ε_c + w·(ε_c − ε_u), as Ho &amp; Salimans (2022,
/// equation 6) and Z-Image write it: a scale of 0 disables it, and a scale of w is that of w + 1 elsewhere.
/// </summary>
/// <param name="options">Options; null for the defaults.</param>
public sealed class ConditionalGuidance(ConditionalGuidanceOptions? options = null) : IGuidance
{
    private readonly ConditionalGuidanceOptions _options = ValidOptions.Check(options ?? new());

    /// <inheritdoc />
    public bool NeedsUnconditional => true;

    /// <inheritdoc />
    public bool ActsAtScaleOne => true;

    /// <inheritdoc />
    public bool ActsAt(double scale) => scale != 0;

    /// <inheritdoc />
    public object Options => _options;

    /// <inheritdoc />
    public GuidedDenoiser Guide(IDenoiser denoiser, Conditioning? unconditional, double scale)
    {
        ArgumentNullException.ThrowIfNull(denoiser);
        if (scale == 0) return GuidancePasses.Unguided(denoiser);
        ArgumentNullException.ThrowIfNull(unconditional);
        return GuidancePasses.Scoped(input =>
        {
            (Tensor without, Tensor with, Tensor? variance) = GuidancePasses.Both(denoiser, input, unconditional, _options.SeparatePasses);
            Tensor guided = with.Add((with - without).Multiply(scale));
            if (_options.MaximumNorm is { } maximum) guided = Capped(guided, with, maximum);
            return new GuidedPrediction(guided) { Conditional = with, Unconditional = without, Variance = variance };
        });
    }

    /// <summary>Each sample's prediction, with at most so many times the norm of the conditional one.</summary>
    private static Tensor Capped(Tensor guided, Tensor conditional, double maximum)
    {
        using DisposeScope scope = NewDisposeScope();
        Tensor limit = Norms(conditional).Multiply(maximum), norms = Norms(guided);
        Tensor factor = where(norms.gt(limit), limit / norms, ones_like(norms));
        return (guided * factor.view(-1, 1, 1, 1)).MoveToOuterDisposeScope();

        static Tensor Norms(Tensor x) => GuidancePasses.Widen(x).flatten(1).Square().sum(1).sqrt();
    }
}
