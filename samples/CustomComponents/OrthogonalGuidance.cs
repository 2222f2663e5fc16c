using LatentDiffusion;
using TorchSharp;
using static TorchSharp.torch;

namespace CustomComponents;

/// <summary>
/// Guidance by that part alone of the difference which is orthogonal to the conditional prediction: what is parallel to it
/// mostly saturates colours (Sadat et al. 2024, adaptive projected guidance, with η = 0).
/// </summary>
internal sealed class OrthogonalGuidance : IGuidance
{
    public bool NeedsUnconditional => true;

    public IDenoiser Guide(IDenoiser denoiser, Conditioning? unconditional, double scale) => new Guided(denoiser, unconditional!, scale);

    private sealed class Guided(IDenoiser inner, Conditioning unconditional, double scale) : IDenoiser
    {
        public int InChannels => inner.InChannels;

        public Tensor Predict(Tensor latents, double timestep, Conditioning conditioning)
        {
            using DisposeScope scope = NewDisposeScope();
            Tensor with = inner.Predict(latents, timestep, conditioning), without = inner.Predict(latents, timestep, unconditional);
            Tensor direction = with / with.Square().sum([1, 2, 3], keepdim: true).sqrt(), difference = with - without;
            Tensor parallel = (difference * direction).sum([1, 2, 3], keepdim: true) * direction;
            return with.Add(difference - parallel, scale - 1).MoveToOuterDisposeScope();
        }
    }
}
