using static TorchSharp.torch;

namespace LatentDiffusion;

/// <summary>The reference latents of one pass, in the order of the request's images.</summary>
/// <param name="latents">Each [batch, channels, height, width].</param>
internal sealed class ReferenceImagePass(IReadOnlyList<Tensor> latents) : IFeaturePass
{
    private readonly IReadOnlyList<Tensor> _latents = latents;

    /// <summary>Those of images that share their evaluations; their sizes agree.</summary>
    public IFeaturePass Batch(IReadOnlyList<IFeaturePass> images)
    {
        ReferenceImagePass[] all = [.. images.Cast<ReferenceImagePass>()];
        return new ReferenceImagePass([.. _latents.Select((_, i) => cat([.. all.Select(image => image._latents[i])]))]);
    }

    public IDenoiserRun? Extend(IDenoiser denoiser, ISchedulerRun run) => new Run(denoiser, _latents);

    /// <summary>A denoiser that reads them at every evaluation.</summary>
    private sealed class Run(IDenoiser denoiser, IReadOnlyList<Tensor> latents) : IDenoiserRun
    {
        public DenoiserDescription Description => denoiser.Description;

        public Tensor Predict(DenoiserInput input)
        {
            ArgumentNullException.ThrowIfNull(input);
            using IDisposable noGrad = no_grad();
            using var scope = NewDisposeScope();
            // Guidance evaluates several batches of the same images at once.
            long batch = input.Latents.shape[0];
            Tensor[] references = [.. latents.Select(one => one.repeat(batch / one.shape[0], 1, 1, 1))];
            return denoiser.Predict(input with { ReferenceLatents = references }).MoveToOuterDisposeScope();
        }

        public void Dispose()
        {
        }
    }
}
