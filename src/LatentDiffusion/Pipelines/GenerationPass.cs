namespace LatentDiffusion;

/// <summary>One way through all noise levels at one size: a generation has one or, where latents are enlarged, two.</summary>
/// <param name="Request">Complete, with the size of this pass.</param>
/// <param name="Text">Conditioning of the prompt, told this size.</param>
/// <param name="Negative">Conditioning of the negative prompt; null where guidance needs none.</param>
/// <param name="Hints">What controls it.</param>
/// <param name="Source">What its latents come from; of a second pass, what of a picture stays.</param>
/// <param name="Refinement">Who makes the last steps; null for the denoiser that makes the first.</param>
/// <param name="Before">Evaluations of a batch in earlier passes.</param>
/// <param name="After">Evaluations of a batch in later passes.</param>
internal sealed record GenerationPass(GenerationRequest Request, Conditioning Text, Conditioning? Negative, ControlHints Hints, LatentSource Source, Refinement? Refinement, int Before, int After)
{
    /// <summary>Evaluations of a batch in all passes.</summary>
    /// <param name="run">The run of this one, where it begins.</param>
    public int Evaluations(ISchedulerRun run) => Before + run.Timesteps.Count - run.StepIndex + After;

    /// <summary>The passes of a request that is complete. Their tensors belong to the caller's dispose scope.</summary>
    /// <exception cref="OperationCanceledException">It was cancelled before its pictures were encoded.</exception>
    public static GenerationPass[] Of(GenerationRequest request, Conditioning text, Conditioning? negative, Refinement? refinement, PipelineParts parts, CancellationToken cancellationToken)
    {
        if (StartRules.SecondPass(request) is not { } second) return [Make(request, First(), 0, 0)];
        return [Make(request, First(), 0, Count(second)), Make(second, LatentSource.OfSecondPass(second, parts, cancellationToken), Count(request), 0)];

        LatentSource First() => LatentSource.Of(request, parts, cancellationToken);

        GenerationPass Make(GenerationRequest pass, LatentSource source, int before, int after) => new(
            pass, Sized(text, pass.SizeHint), negative is null ? null : Sized(negative, pass.NegativeSizeHint), ControlHints.Of(pass, parts), source, refinement, before, after);

        Conditioning Sized(Conditioning one, SizeHint? hint) => hint is null ? one : one.WithSize(hint.ToTensor(parts.Device));

        int Count(GenerationRequest pass)
        {
            using var noise = new PictureNoise(pass);
            using ISchedulerRun run = parts.Scheduler.Start(StartRules.Sampling(pass, parts.Scheduler, noise));
            return run.Timesteps.Count - run.StepIndex;
        }
    }
}
