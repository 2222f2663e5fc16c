namespace LatentDiffusion;

/// <summary>One way through all noise levels at one size: a generation has one or, where latents are upscaled, two.</summary>
/// <param name="Request">Complete, with the size of this pass.</param>
/// <param name="Plan">What the scheduler runs.</param>
/// <param name="Text">Conditioning of the prompt.</param>
/// <param name="Negative">Conditioning of the negative prompt; null where guidance needs none.</param>
/// <param name="Source">What its latents come from; of a second pass, what of an image stays.</param>
/// <param name="Features">What features add to the denoiser.</param>
/// <param name="Before">Evaluations of a batch in earlier passes.</param>
/// <param name="After">Evaluations of a batch in later passes.</param>
internal sealed record GenerationPass(
    GenerationRequest Request, SamplingPlan Plan, Conditioning Text, Conditioning? Negative, LatentInitializer Source,
    IReadOnlyList<IFeaturePass> Features, int Before, int After)
{
    /// <summary>Evaluations of a batch in all passes.</summary>
    public int Evaluations => Before + Plan.Evaluations + After;

    /// <summary>
    /// The passes of each image that complete requests ask for, in their order. Their tensors belong to the caller's dispose scope.
    /// </summary>
    /// <param name="requests">The requests.</param>
    /// <param name="prompts">Conditioning of each.</param>
    /// <param name="features">The features in this generation.</param>
    /// <param name="parts">What the pipeline is made of.</param>
    /// <param name="cancellationToken">Checked before each evaluation of the autoencoder.</param>
    /// <exception cref="OperationCanceledException">It was cancelled before the initial images were encoded.</exception>
    public static GenerationPass[][] PlanPasses(
        IReadOnlyList<GenerationRequest> requests, IReadOnlyList<(Conditioning Text, Conditioning? Negative)> prompts, FeatureRuns features,
        PipelineComponents parts, CancellationToken cancellationToken)
    {
        // Once for all, and not again for each request.
        IOffloadable[] encoder = requests.Any(r => r.InitialImage is not null) ? [parts.Autoencoder] : [];
        using IDisposable loaded = parts.Residency.Load(cancellationToken, encoder);
        return [.. requests.SelectMany((request, i) => Images(request, Of(request, i)))];

        static IEnumerable<GenerationPass[]> Images(GenerationRequest request, GenerationPass[] passes) =>
            Enumerable.Range(0, request.Count).Select(i => passes.Select(p => p with { Request = p.Request.ForImage(i) }).ToArray());

        GenerationPass[] Of(GenerationRequest request, int index)
        {
            SamplingPlan plan = RequestSampling.Plan(request, parts);
            var source = LatentInitializer.Of(request, parts, cancellationToken);
            if (StartValidator.SecondPass(request) is not { } second) return [Make(request, plan, source, index, 0, 0)];
            SamplingPlan secondPlan = RequestSampling.Plan(second, parts);
            var secondSource = LatentInitializer.OfSecondPass(second, parts, cancellationToken);
            return
            [
                Make(request, plan, source, index, 0, secondPlan.Evaluations),
                Make(second, secondPlan, secondSource, index, plan.Evaluations, 0),
            ];
        }

        GenerationPass Make(GenerationRequest pass, SamplingPlan plan, LatentInitializer source, int index, int before, int after)
        {
            (Conditioning text, Conditioning? negative) =
                parts.Features.Aggregate(prompts[index], (prompt, feature) => feature.Condition(prompt, pass));
            return new GenerationPass(pass, plan, text, negative, source, features.Prepare(pass, index), before, after);
        }
    }

    /// <summary>The pass of images that share their evaluations, as one batch. Request and source are the first image's.</summary>
    public static GenerationPass Batch(IReadOnlyList<GenerationPass> images)
    {
        GenerationPass first = images[0];
        if (images.Count == 1) return first;
        return first with
        {
            Text = JoinedConditioning.Of([.. images.Select(p => p.Text)]),
            Negative = first.Negative is null ? null : JoinedConditioning.Of([.. images.Select(p => p.Negative!)]),
            Features = [.. first.Features.Select((feature, i) => feature.Batch([.. images.Select(p => p.Features[i])]))],
        };
    }
}
