using TorchSharp;
using static TorchSharp.torch;

namespace LatentDiffusion;

/// <summary>The conditional and the unconditional pass through the network.</summary>
internal static class GuidancePasses
{
    /// <summary>Both predictions, which belong to the caller's dispose scope.</summary>
    /// <param name="denoiser">The network.</param>
    /// <param name="unconditional">Conditioning of the negative prompt.</param>
    /// <param name="latents">[batch, channels, height, width].</param>
    /// <param name="timestep">The timestep.</param>
    /// <param name="conditioning">Conditioning of the prompt.</param>
    /// <param name="separate">Whether they go one after the other, and not as one batch.</param>
    public static (Tensor Unconditional, Tensor Conditional) Evaluate(
        IDenoiser denoiser, Conditioning unconditional, Tensor latents, double timestep, Conditioning conditioning, bool separate)
    {
        if (separate) return (denoiser.Predict(latents, timestep, unconditional), denoiser.Predict(latents, timestep, conditioning));
        using DisposeScope scope = NewDisposeScope();
        using Conditioning both = Conditioning.Concat(unconditional, conditioning);
        Tensor[] parts = denoiser.Predict(cat([latents, latents]), timestep, both).chunk(2);
        return scope.MoveToOuter(parts[0], parts[1]);
    }
}
