using static TorchSharp.torch;

namespace LatentDiffusion;

/// <summary>An upscaler between two passes.</summary>
/// <param name="run">The upscalers of the generation.</param>
/// <param name="pass">The request of the pass, with its size.</param>
/// <param name="upscaler">Name of the upscaler; null where latents are enlarged.</param>
internal sealed class UpscalerPass(UpscalerRun run, GenerationRequest pass, string? upscaler) : IFeaturePass
{
    public IFeaturePass Batch(IReadOnlyList<IFeaturePass> images) => this;

    public LatentDistribution? Enlarge(Tensor latents) =>
        upscaler is null ? null : run.Enlarge(latents, upscaler, pass.Width!.Value, pass.Height!.Value);
}
