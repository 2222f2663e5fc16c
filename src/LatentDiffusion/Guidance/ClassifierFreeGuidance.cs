using TorchSharp;
using static TorchSharp.torch;

namespace LatentDiffusion;

/// <summary>
/// Classifier-free guidance, ε̃ = ε_u + w·(ε_c − ε_u) (Ho &amp; Salimans 2022, equation 6 with w = 1 + their w): the
/// conditional and the unconditional prediction go through the network as one batch.
/// </summary>
public sealed class ClassifierFreeGuidance : IGuidance
{
    /// <inheritdoc />
    public bool NeedsUnconditional => true;

    /// <inheritdoc />
    public IDenoiser Guide(IDenoiser denoiser, Conditioning? unconditional, double scale)
    {
        ArgumentNullException.ThrowIfNull(denoiser);
        ArgumentNullException.ThrowIfNull(unconditional);
        return new Guided(denoiser, unconditional, scale);
    }

    private sealed class Guided(IDenoiser inner, Conditioning unconditional, double scale) : IDenoiser
    {
        public int InChannels => inner.InChannels;

        public Tensor Predict(Tensor latents, double timestep, Conditioning conditioning)
        {
            using DisposeScope scope = NewDisposeScope();
            using Conditioning both = Conditioning.Concat(unconditional, conditioning);
            Tensor[] parts = inner.Predict(cat([latents, latents]), timestep, both).chunk(2);
            return (parts[0] + scale * (parts[1] - parts[0])).MoveToOuterDisposeScope();
        }
    }
}
