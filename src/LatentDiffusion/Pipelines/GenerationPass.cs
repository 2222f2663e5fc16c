namespace LatentDiffusion;

/// <summary>One way through all noise levels at one size: a generation has one or, where latents are enlarged, two.</summary>
/// <param name="Request">Complete, with the size of this pass.</param>
/// <param name="Plan">What the scheduler runs.</param>
/// <param name="Text">Conditioning of the prompt, told this size.</param>
/// <param name="Negative">Conditioning of the negative prompt; null where guidance needs none.</param>
/// <param name="Hints">What controls it.</param>
/// <param name="Source">What its latents come from; of a second pass, what of a picture stays.</param>
/// <param name="RefinerStage">Who makes the last steps; null for the denoiser that makes the first.</param>
/// <param name="Refined">What the refiner is conditioned on, told this size; null without one.</param>
/// <param name="Before">Evaluations of a batch in earlier passes.</param>
/// <param name="After">Evaluations of a batch in later passes.</param>
internal sealed record GenerationPass(
    GenerationRequest Request, SamplingPlan Plan, Conditioning Text, Conditioning? Negative, ControlInputs Hints, LatentInitializer Source, RefinerStage? RefinerStage,
    (Conditioning Text, Conditioning? Negative)? Refined, int Before, int After)
{
    /// <summary>Evaluations of a batch in all passes.</summary>
    public int Evaluations => Before + Plan.Evaluations + After;

    /// <summary>The passes of each picture that complete requests ask for, in their order. Their tensors belong to the caller's dispose scope.</summary>
    /// <param name="requests">The requests.</param>
    /// <param name="prompts">Conditioning of each.</param>
    /// <param name="refinement">Knows what the refiner makes of each; null without one.</param>
    /// <param name="parts">What the pipeline is made of.</param>
    /// <param name="cancellationToken">Checked before each evaluation of the autoencoder.</param>
    /// <exception cref="OperationCanceledException">It was cancelled before its pictures were encoded.</exception>
    public static GenerationPass[][] PlanPasses(
        IReadOnlyList<GenerationRequest> requests, IReadOnlyList<(Conditioning Text, Conditioning? Negative)> prompts, RefinerStage? refinement,
        PipelineComponents parts, CancellationToken cancellationToken)
    {
        // Once for all, and not for each request anew.
        using IDisposable there = parts.Residency.Load(cancellationToken, requests.Any(r => r.InitialImage is not null) ? [parts.Autoencoder] : []);
        return [.. requests.SelectMany((request, i) => Pictures(request, Of(request, i, prompts[i].Text, prompts[i].Negative, refinement, parts, cancellationToken)))];

        static IEnumerable<GenerationPass[]> Pictures(GenerationRequest request, GenerationPass[] passes) =>
            Enumerable.Range(0, request.Count).Select(i => passes.Select(p => p with { Request = p.Request.ForImage(i) }).ToArray());
    }

    /// <summary>The pass of pictures that share their evaluations: one batch of what they are conditioned on and controlled by. Request and source are the first one's.</summary>
    public static GenerationPass Batch(IReadOnlyList<GenerationPass> pictures)
    {
        GenerationPass first = pictures[0];
        if (pictures.Count == 1) return first;
        return first with
        {
            Text = Joined(p => p.Text), Negative = first.Negative is null ? null : Joined(p => p.Negative!),
            Refined = first.Refined is not { } refined ? null
                : (Joined(p => p.Refined!.Value.Text), refined.Negative is null ? null : Joined(p => p.Refined!.Value.Negative!)),
            Hints = ControlInputs.Batch([.. pictures.Select(p => p.Hints)]),
        };

        Conditioning Joined(Func<GenerationPass, Conditioning> part) => JoinedConditioning.Of([.. pictures.Select(part)]);
    }

    private static GenerationPass[] Of(
        GenerationRequest request, int index, Conditioning text, Conditioning? negative, RefinerStage? refinement, PipelineComponents parts, CancellationToken cancellationToken)
    {
        SamplingPlan plan = RequestSampling.Plan(request, parts);
        if (StartValidator.SecondPass(request) is not { } second) return [Make(request, plan, First(), 0, 0)];
        SamplingPlan secondPlan = RequestSampling.Plan(second, parts);
        return
        [
            Make(request, plan, First(), 0, secondPlan.Evaluations),
            Make(second, secondPlan, LatentInitializer.OfSecondPass(second, parts, cancellationToken), plan.Evaluations, 0),
        ];

        LatentInitializer First() => LatentInitializer.Of(request, parts, cancellationToken);

        GenerationPass Make(GenerationRequest pass, SamplingPlan plan, LatentInitializer source, int before, int after) => new(
            pass, plan, Sized(text, pass.SizeConditioningInput), negative is null ? null : Sized(negative, pass.NegativeSizeConditioningInput), ControlInputs.Of(pass, parts), source, refinement,
            refinement?.Conditioning(pass, index), before, after);

        Conditioning Sized(Conditioning one, SizeConditioningInput? hint) =>
            hint is null ? one : one.With(TimeIds.Name, hint.ToTensor(parts.Device));
    }
}
