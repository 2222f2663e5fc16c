using static TorchSharp.torch;

namespace LatentDiffusion;

/// <summary>The latents that a batch starts from, with their inputs for every step.</summary>
/// <param name="Latents">At the noise level where the run begins.</param>
internal sealed record InitialLatents(Tensor Latents)
{
    /// <summary>Input of the denoiser in addition to latents, [batch, channels, height, width]; null for nothing.</summary>
    public Tensor? ConcatenatedLatents { get; init; }

    /// <summary>The region restored after every step; null for none.</summary>
    public PreservedRegion? PreservedRegion { get; init; }

    /// <summary>The start of images that share their evaluations.</summary>
    /// <param name="images">The start of each image; all have the same parts.</param>
    public static InitialLatents Batch(IReadOnlyList<InitialLatents> images)
    {
        if (images.Count == 1) return images[0];
        return new InitialLatents(Joined(s => s.Latents))
        {
            ConcatenatedLatents = images[0].ConcatenatedLatents is null ? null : Joined(s => s.ConcatenatedLatents!),
            PreservedRegion = images[0].PreservedRegion is null
                ? null
                : new PreservedRegion(
                    Joined(s => s.PreservedRegion!.Image), Joined(s => s.PreservedRegion!.Noise),
                    Joined(s => s.PreservedRegion!.Repainted)),
        };

        Tensor Joined(Func<InitialLatents, Tensor> part) => cat([.. images.Select(part)]);
    }

    /// <summary>Latents after a step, as they go into the next one.</summary>
    public Tensor AfterStep(Tensor latents, ISchedulerRun run) => PreservedRegion is null ? latents : PreservedRegion.Restore(latents, run);
}
