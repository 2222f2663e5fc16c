using static TorchSharp.torch;

namespace LatentDiffusion;

/// <summary>The latents that a batch starts from, and what belongs to them at every step.</summary>
/// <param name="Latents">At the noise level where the run begins.</param>
internal sealed record InitialLatents(Tensor Latents)
{
    /// <summary>What the denoiser takes beside latents, [batch, channels, height, width]; null for nothing.</summary>
    public Tensor? ConcatenatedLatents { get; init; }

    /// <summary>What is restored after every step; null for nothing.</summary>
    public PreservedRegion? Kept { get; init; }

    /// <summary>The start of images that share their evaluations.</summary>
    /// <param name="images">That of each, alike in what they have.</param>
    public static InitialLatents Batch(IReadOnlyList<InitialLatents> images)
    {
        if (images.Count == 1) return images[0];
        return new InitialLatents(Joined(s => s.Latents))
        {
            ConcatenatedLatents = images[0].ConcatenatedLatents is null ? null : Joined(s => s.ConcatenatedLatents!),
            Kept = images[0].Kept is null
                ? null
                : new PreservedRegion(Joined(s => s.Kept!.Image), Joined(s => s.Kept!.Noise), Joined(s => s.Kept!.Repainted)),
        };

        Tensor Joined(Func<InitialLatents, Tensor> part) => cat([.. images.Select(part)]);
    }

    /// <summary>Latents after a step, as they go into the next one.</summary>
    public Tensor AfterStep(Tensor latents, ISchedulerRun run) => Kept is null ? latents : Kept.Restore(latents, run);
}
