using static TorchSharp.torch;

namespace LatentDiffusion;

/// <summary>How the latents of a batch begin, and what goes with them from step to step.</summary>
/// <param name="Latents">At the noise level where the run begins.</param>
internal sealed record InitialLatents(Tensor Latents)
{
    /// <summary>What the denoiser takes beside latents, [batch, channels, height, width]; null for nothing.</summary>
    public Tensor? ConcatenatedLatents { get; init; }

    /// <summary>What is put back after every step; null for nothing.</summary>
    public PreservedRegion? Kept { get; init; }

    /// <summary>The start of pictures that share their evaluations.</summary>
    /// <param name="pictures">That of each, alike in what they have.</param>
    public static InitialLatents Batch(IReadOnlyList<InitialLatents> pictures)
    {
        if (pictures.Count == 1) return pictures[0];
        return new InitialLatents(Joined(s => s.Latents))
        {
            ConcatenatedLatents = pictures[0].ConcatenatedLatents is null ? null : Joined(s => s.ConcatenatedLatents!),
            Kept = pictures[0].Kept is null ? null : new PreservedRegion(Joined(s => s.Kept!.Picture), Joined(s => s.Kept!.Noise), Joined(s => s.Kept!.Repainted)),
        };

        Tensor Joined(Func<InitialLatents, Tensor> part) => cat([.. pictures.Select(part)]);
    }

    /// <summary>Latents after a step, as they go into the next one.</summary>
    public Tensor AfterStep(Tensor latents, ISchedulerRun run) => Kept is null ? latents : Kept.Restore(latents, run);
}
