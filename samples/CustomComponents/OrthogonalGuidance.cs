using LatentDiffusion;
using TorchSharp;
using static TorchSharp.torch;

namespace CustomComponents;

/// <summary>
/// Guidance by only the part of the difference that is orthogonal to the conditional prediction: the parallel part
/// mostly saturates colours (Sadat et al. 2024, adaptive projected guidance, with η = 0).
/// </summary>
internal sealed class OrthogonalGuidance : IGuidance
{
    public bool NeedsUnconditional => true;

    public GuidedDenoiser Guide(IDenoiser denoiser, Conditioning? unconditional, double scale) => input =>
    {
        using DisposeScope scope = NewDisposeScope();
        Tensor with = denoiser.Predict(input), without = denoiser.Predict(input with { Conditioning = unconditional! });
        Tensor direction = with / with.Square().sum([1, 2, 3], keepdim: true).sqrt(), difference = with - without;
        Tensor parallel = (difference * direction).sum([1, 2, 3], keepdim: true) * direction;
        Tensor guided = with.Add(difference - parallel, scale - 1).MoveToOuterDisposeScope();
        return new GuidedPrediction(guided) { Conditional = with.MoveToOuterDisposeScope() };
    };
}
