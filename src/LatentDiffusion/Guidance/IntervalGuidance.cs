using System.ComponentModel.DataAnnotations;

namespace LatentDiffusion.Guidance;

/// <summary>
/// Guidance in an interval of noise levels (Kynkäänniemi et al. 2024, "Applying Guidance in a Limited Interval
/// Improves Sample and Distribution Quality", equation 6). Outside, the conditional pass is all that is evaluated: images
/// are more varied, and the evaluations of the other passes are saved.
/// </summary>
/// <param name="inner">The guidance within the interval.</param>
/// <param name="process">Gives the σ of a timestep.</param>
/// <param name="options">The interval.</param>
/// <exception cref="ValidationException">An option is out of its range; the message names it.</exception>
/// <example>
/// <code>
/// using LatentDiffusion;
/// using LatentDiffusion.Guidance;
///
/// using DiffusionPipeline pipeline = new DiffusionPipelineBuilder()
///     .UseModelFolder("models/stable-diffusion-v1-5")
///     .UseGuidance(process => new IntervalGuidance(
///         new ClassifierFreeGuidance(), process, new() { MinimumSigma = 0.28, MaximumSigma = 5.42 }))
///     .Build();
/// </code>
/// </example>
public sealed class IntervalGuidance(IGuidance inner, DiffusionProcess process, GuidanceIntervalOptions options) : IGuidance
{
    private readonly IGuidance _inner = inner ?? throw new ArgumentNullException(nameof(inner));
    private readonly DiffusionProcess _process = process ?? throw new ArgumentNullException(nameof(process));
    private readonly GuidanceIntervalOptions _options = ValidOptions.Check(
        options ?? throw new ArgumentNullException(nameof(options)));

    IGuidance? IGuidance.Inner => _inner;

    object? IGuidance.Options => _options;

    /// <inheritdoc />
    public bool NeedsUnconditional => _inner.NeedsUnconditional;

    /// <inheritdoc />
    public bool ActsAtScaleOne => _inner.ActsAtScaleOne;

    /// <summary>Whether a timestep lies in the interval.</summary>
    /// <param name="timestep">In [0, T].</param>
    public bool Contains(double timestep)
    {
        double sigma = _process.SigmaAt(timestep), way = 1 - timestep / _process.TrainingTimesteps;
        return sigma > _options.MinimumSigma && sigma <= _options.MaximumSigma && way >= _options.Start && way <= _options.Stop;
    }

    /// <inheritdoc />
    public GuidedDenoiser Guide(IDenoiser denoiser, Conditioning? unconditional, double scale)
    {
        ArgumentNullException.ThrowIfNull(denoiser);
        GuidedDenoiser inner = _inner.Guide(denoiser, unconditional, scale), plain = GuidancePasses.Unguided(denoiser);
        return input => Contains(input.Timestep) ? inner(input) : plain(input);
    }
}
