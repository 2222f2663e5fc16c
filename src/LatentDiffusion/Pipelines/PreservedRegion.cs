using static TorchSharp.torch;

namespace LatentDiffusion;

/// <summary>The preserved part of an image (Lugmayr et al. 2022, "RePaint", equation 8, with one noise for all steps).</summary>
/// <param name="Image">Its latents, [batch, channels, height, width].</param>
/// <param name="Noise">Noise for them, of the same shape.</param>
/// <param name="Repainted">1 where latents are generated and 0 where the image's stay, [1 or batch, 1, height, width].</param>
internal sealed record PreservedRegion(Tensor Image, Tensor Noise, Tensor Repainted)
{
    private readonly Tensor _repainted = Repainted.to(ScalarType.Bool);

    /// <summary>Generated latents with the image's in their place, at the level where the run stands: clean at its end.</summary>
    public Tensor Restore(Tensor latents, ISchedulerRun run)
    {
        using Tensor image = run.AddNoise(Image, Noise);
        return where(_repainted, latents, image);
    }
}
