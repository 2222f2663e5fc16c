namespace LatentDiffusion;

/// <summary>A refiner in one pass: it takes over below its boundary (Balaji et al. 2022, section 4).</summary>
/// <param name="Refiner">The refiner.</param>
/// <param name="Text">Conditioning of the prompt.</param>
/// <param name="Negative">Conditioning of the negative prompt; null if guidance needs none.</param>
internal sealed record RefinerPass(RefinerRun Refiner, Conditioning Text, Conditioning? Negative) : IFeaturePass
{
    /// <summary>The prompts of each image, where those of a generation change from step to step or are composed; otherwise none.</summary>
    public IReadOnlyList<PassPrompts> Prompts { get; init; } = [];

    public IFeaturePass Batch(IReadOnlyList<IFeaturePass> images)
    {
        RefinerPass[] all = [.. images.Cast<RefinerPass>()];
        return this with
        {
            Prompts = [.. all.SelectMany(p => p.Prompts)],
            Text = JoinedConditioning.Create([.. all.Select(p => p.Text)]),
            Negative = Negative is null ? null : JoinedConditioning.Create([.. all.Select(p => p.Negative!)]),
        };
    }

    public GuidedDenoiser Extend(GuidedDenoiser denoiser, ISchedulerRun run, IFeaturePass.Guide guide)
    {
        IDenoiser refiner = Prompts.Count == 0 ? Refiner.Denoiser : new PromptedRun(Refiner.Denoiser, run, Prompts);
        GuidedDenoiser late = guide(refiner, Negative);
        return input => input.Timestep >= Refiner.Boundary ? denoiser(input) : late(input with { Conditioning = Text });
    }
}
