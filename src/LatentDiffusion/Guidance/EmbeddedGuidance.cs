using static TorchSharp.torch;

namespace LatentDiffusion;

/// <summary>
/// Guidance that the network learned: the scale is one of its inputs, and one evaluation gives what guidance takes two
/// for (Meng et al. 2023, "On Distillation of Guided Diffusion Models", section 3.1; latent consistency models, Luo et
/// al. 2023). The choice of models whose U-Net has <c>time_cond_proj_dim</c>.
/// </summary>
public sealed class EmbeddedGuidance : IGuidance
{
    // The published networks were trained on sines of 1000·(w − 1), over periods up to 10000·2π.
    private const double Frequency = 1000, FrequencyShift = 1;

    /// <inheritdoc />
    public bool NeedsUnconditional => false;

    /// <inheritdoc />
    /// <exception cref="ArgumentException">The denoiser is no <see cref="UNetDenoiser"/>, which alone can be told the scale.</exception>
    public IDenoiser Guide(IDenoiser denoiser, Conditioning? unconditional, double scale)
    {
        ArgumentNullException.ThrowIfNull(denoiser);
        return denoiser is IGuidanceScaleDenoiser network
            ? new Guided(network, scale)
            : throw new ArgumentException($"A {WatchedDenoiser.NameOf(denoiser)} cannot be told the guidance scale; only a {nameof(UNetDenoiser)} can.", nameof(denoiser));
    }

    /// <summary>What the network sees of a scale, [1, width].</summary>
    internal static Tensor Embed(double scale, int width) => Embed([scale], width);

    /// <summary>What the network sees of a scale for each sample, [scales, width].</summary>
    internal static Tensor Embed(IReadOnlyList<double> scales, int width)
    {
        using Tensor values = tensor(scales.Select(scale => (float)(Frequency * (scale - 1))).ToArray());
        return new SinusoidalEmbedding(width, flipSinToCos: false, FrequencyShift).Embed(values);
    }

    private sealed class Guided(IGuidanceScaleDenoiser inner, double scale) : IDenoiser
    {
        public int InChannels => inner.InChannels;

        public SizeConditioning SizeConditioning => inner.SizeConditioning;

        public Tensor Predict(Tensor latents, double timestep, Conditioning conditioning) => inner.Predict(latents, timestep, conditioning, scale);
    }
}
