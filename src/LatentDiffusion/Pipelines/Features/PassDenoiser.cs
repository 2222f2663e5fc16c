namespace LatentDiffusion;

/// <summary>The denoiser of one pass: the network with the additions of features, under guidance.</summary>
internal sealed class PassDenoiser : IDisposable
{
    private readonly Stack<IDenoiserRun> _extensions = [];

    /// <param name="denoiser">The denoiser of the generation, which stays as it is.</param>
    /// <param name="pass">The pass.</param>
    /// <param name="run">The scheduler's run, where it begins.</param>
    /// <param name="guide">Guides a denoiser as the request asks.</param>
    public PassDenoiser(IDenoiser denoiser, GenerationPass pass, ISchedulerRun run, IFeaturePass.Guide guide)
    {
        foreach (IFeaturePass feature in pass.Features)
        {
            if (feature.Extend(denoiser, run) is not { } extension) continue;
            _extensions.Push(extension);
            denoiser = extension;
        }

        if (pass.Prompts.Count > 0)
        {
            // Above all others, which see only the texts of the step.
            var prompted = new PromptedRun(denoiser, run, pass.Prompts);
            _extensions.Push(prompted);
            denoiser = prompted;
        }

        foreach (IFeaturePass feature in pass.Features) guide = feature.Extend(guide);
        Predict = guide(denoiser, pass.Negative);
        foreach (IFeaturePass feature in pass.Features) Predict = feature.Extend(Predict, run, guide);
    }

    /// <summary>Evaluates it.</summary>
    public GuidedDenoiser Predict { get; }

    public void Dispose()
    {
        while (_extensions.TryPop(out IDenoiserRun? extension)) extension.Dispose();
    }
}
