using static TorchSharp.torch;

namespace LatentDiffusion;

/// <summary>What of a picture stays as it is (Lugmayr et al. 2022, "RePaint", equation 8, with one draw of noise for all steps).</summary>
/// <param name="Picture">Its latents, [batch, channels, height, width].</param>
/// <param name="Noise">What brings them to a noise level, of the same shape.</param>
/// <param name="Repainted">1 where latents are generated and 0 where the picture's stay, [1 or batch, 1, height, width].</param>
internal sealed record PreservedRegion(Tensor Picture, Tensor Noise, Tensor Repainted)
{
    private readonly Tensor _repainted = Repainted.to(ScalarType.Bool);

    /// <summary>Generated latents with the picture's in their place, at the level where the run stands: clean at its end.</summary>
    public Tensor Restore(Tensor latents, ISchedulerRun run)
    {
        using Tensor picture = run.AddNoise(Picture, Noise);
        return where(_repainted, latents, picture);
    }
}
