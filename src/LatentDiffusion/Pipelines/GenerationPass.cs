using static TorchSharp.torch;

namespace LatentDiffusion;

/// <summary>One way through all noise levels at one size: a generation has one or, where latents are upscaled, two.</summary>
/// <param name="Request">Complete, with the size of this pass.</param>
/// <param name="Plan">Timesteps and noise levels.</param>
/// <param name="Text">Conditioning of the prompt.</param>
/// <param name="Negative">Conditioning of the negative prompt; null where guidance needs none.</param>
/// <param name="Source">Source of its latents; of a second pass, the preserved part of an image.</param>
/// <param name="Features">Additions of features to the denoiser.</param>
/// <param name="Before">Evaluations of a batch in earlier passes.</param>
/// <param name="After">Evaluations of a batch in later passes.</param>
internal sealed record GenerationPass(
    GenerationRequest Request, SamplingPlan Plan, Conditioning Text, Conditioning? Negative, LatentInitializer Source,
    IReadOnlyList<IFeaturePass> Features, int Before, int After)
{
    /// <summary>The prompts of each image, where those of a generation change from step to step or are composed; otherwise none.</summary>
    public IReadOnlyList<PassPrompts> Prompts { get; init; } = [];

    /// <summary>Evaluations of a batch in all passes.</summary>
    public int Evaluations => Before + Plan.Evaluations + After;

    /// <summary>
    /// The passes of each image that complete requests ask for, in their order. Their tensors belong to the caller's dispose scope.
    /// </summary>
    /// <param name="requests">The requests.</param>
    /// <param name="prompts">Conditioning of each.</param>
    /// <param name="features">The features in this generation.</param>
    /// <param name="components">Components of the pipeline.</param>
    /// <param name="cancellationToken">Checked before each evaluation of the autoencoder.</param>
    /// <exception cref="OperationCanceledException">It was cancelled before the initial images were encoded.</exception>
    public static GenerationPass[][] PlanPasses(
        IReadOnlyList<GenerationRequest> requests, IReadOnlyList<EncodedPrompts> prompts, FeatureRuns features,
        PipelineComponents components, CancellationToken cancellationToken)
    {
        // Once for all, and not again for each request.
        IOffloadable[] encoder = requests.Any(r => r.InitialImage is not null) ? [components.Autoencoder] : [];
        using IDisposable loaded = components.Offloader.Load(cancellationToken, encoder);
        return [.. requests.SelectMany((request, i) => Images(request, PassesFor(request, i)))];

        static IEnumerable<GenerationPass[]> Images(GenerationRequest request, GenerationPass[] passes) =>
            Enumerable.Range(0, request.ImageCount).Select(i => passes.Select(p => p with { Request = p.Request.ForImage(i) }).ToArray());

        GenerationPass[] PassesFor(GenerationRequest request, int index)
        {
            SamplingPlan plan = RequestSampling.Plan(request, components);
            var source = LatentInitializer.Create(request, components, cancellationToken);
            if (StartValidator.SecondPass(request) is not { } second) return [Make(request, plan, source, index, 0, 0)];
            SamplingPlan secondPlan = RequestSampling.Plan(second, components);
            var secondSource = LatentInitializer.ForSecondPass(second, components, cancellationToken);
            return
            [
                Make(request, plan, source, index, 0, secondPlan.Evaluations),
                Make(second, secondPlan, secondSource, index, plan.Evaluations, 0),
            ];
        }

        GenerationPass Make(GenerationRequest pass, SamplingPlan plan, LatentInitializer source, int index, int before, int after)
        {
            IReadOnlyList<IFeaturePass> additions = features.Prepare(pass, index);
            (Conditioning text, Conditioning? negative) = Condition((prompts[index].Text, prompts[index].Negative));
            var plain = new GenerationPass(pass, plan, text, negative, source, additions, before, after);
            // Images that share their evaluations are all marked.
            return prompts.All(p => p.AreConstant) ? plain : plain with
            {
                Text = PromptRole.Mark(text, PromptRole.Text),
                Negative = negative is null ? null : PromptRole.Mark(negative, PromptRole.Negative),
                Prompts = [new PassPrompts(prompts[index], before == 0 ? 0 : 1, RequestSampling.StepsOf(pass), Condition)],
            };

            (Conditioning Text, Conditioning? Negative) Condition((Conditioning Text, Conditioning? Negative) prompt)
            {
                prompt = components.Features.Aggregate(prompt, (one, feature) => feature.Condition(one, pass));
                return additions.Aggregate(prompt, (one, addition) => addition.Condition(one));
            }
        }
    }

    /// <summary>The latents of the pass before at the size of this one: as a feature enlarges them, or else bilinear.</summary>
    /// <param name="latents">Of one image, [1, channels, height, width].</param>
    /// <param name="factor">The autoencoder's downsampling factor.</param>
    /// <returns>In the caller's dispose scope.</returns>
    public LatentDistribution Enlarge(Tensor latents, int factor)
    {
        if (Features.Select(f => f.Enlarge(latents)).FirstOrDefault(enlarged => enlarged is not null) is { } given) return given;
        long[] size = [Request.Height!.Value / factor, Request.Width!.Value / factor];
        return new LatentDistribution(
            nn.functional.interpolate(latents, size, mode: InterpolationMode.Bilinear, align_corners: false), null);
    }

    /// <summary>The images in their order, in groups that share their evaluations.</summary>
    /// <param name="images">The passes of each.</param>
    /// <param name="components">Components of the pipeline.</param>
    public static IReadOnlyList<IReadOnlyList<GenerationPass[]>> Batches(
        IReadOnlyList<GenerationPass[]> images, PipelineComponents components)
    {
        // In a batch, a shorter text is padded to the length of the longest one. The mask excludes the padding.
        bool anyLength = components.Denoiser.Description.IgnoresMaskedTokens;
        var batches = new List<List<GenerationPass[]>>();
        foreach (GenerationPass[] image in images)
        {
            if (batches is [.., var last] && last.Count < components.Options.BatchSize && (anyLength || Tokens(last[0]) == Tokens(image)))
                last.Add(image);
            else
                batches.Add([image]);
        }

        return batches;

        static long Tokens(GenerationPass[] image) => image[0].Text.HiddenStates.shape[1];
    }

    /// <summary>The pass of images that share their evaluations, as one batch. Request and source are the first image's.</summary>
    public static GenerationPass Batch(IReadOnlyList<GenerationPass> images)
    {
        GenerationPass first = images[0];
        if (images.Count == 1) return first;
        return first with
        {
            Text = JoinedConditioning.Create([.. images.Select(p => p.Text)]),
            Negative = first.Negative is null ? null : JoinedConditioning.Create([.. images.Select(p => p.Negative!)]),
            Prompts = [.. images.SelectMany(p => p.Prompts)],
            Features = [.. first.Features.Select((feature, i) => feature.Batch([.. images.Select(p => p.Features[i])]))],
        };
    }
}
