using static TorchSharp.torch;

namespace LatentDiffusion.Guidance;

/// <summary>
/// Guidance that the network learned: the scale is one of its inputs, and one evaluation replaces the two that guidance takes
/// for (Meng et al. 2023, "On Distillation of Guided Diffusion Models", section 3.1; latent consistency models, Luo et
/// al. 2023). The default of models whose network reads the scale.
/// </summary>
public sealed class EmbeddedGuidance : IGuidance
{
    // The published networks were trained on sines of 1000·(w − 1), over periods up to 10000·2π.
    private const double Frequency = 1000, FrequencyShift = 1;

    /// <inheritdoc />
    public bool NeedsUnconditional => false;

    /// <inheritdoc />
    /// <exception cref="NotSupportedException">The denoiser does not read the guidance scale.</exception>
    public void Validate(DenoiserDescription denoiser)
    {
        ArgumentNullException.ThrowIfNull(denoiser);
        if (!denoiser.ReadsGuidanceScale)
        {
            throw new NotSupportedException(
                $"Embedded guidance needs a denoiser that reads the scale: {nameof(denoiser.ReadsGuidanceScale)} of "
                + $"{denoiser.ModelName ?? "the denoiser"} is false.");
        }
    }

    /// <inheritdoc />
    /// <exception cref="NotSupportedException">The denoiser does not read the guidance scale.</exception>
    public GuidedDenoiser Guide(IDenoiser denoiser, Conditioning? unconditional, double scale)
    {
        ArgumentNullException.ThrowIfNull(denoiser);
        Validate(denoiser.Description);
        return GuidancePasses.Scoped(input => GuidancePasses.Conditional(denoiser, input with { GuidanceScales = [scale] }));
    }

    /// <summary>The network's input for the scale of each sample, [scales, width].</summary>
    internal static Tensor Embed(IReadOnlyList<double> scales, int width)
    {
        using Tensor values = tensor(scales.Select(scale => (float)(Frequency * (scale - 1))).ToArray());
        return new SinusoidalEmbedding(width, flipSinToCos: false, FrequencyShift).Embed(values);
    }
}
