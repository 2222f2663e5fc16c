namespace LatentDiffusion;

/// <summary>Lets evaluations reuse features of earlier ones.</summary>
internal sealed class StepCachingFeature(StepCachingOptions options) : IPipelineFeature
{
    public static void AddTo(PipelineAssembly assembly)
    {
        if (assembly.Choices.Get<StepCachingOptions>() is not { } options) return;
        IDenoiser denoiser = assembly.Denoiser;
        int levels = denoiser.Description.StepCachingLevels;
        if (levels == 0)
        {
            string name = denoiser.Description.ModelName ?? denoiser.GetType().Name;
            throw new InvalidOperationException($"Step caching needs a denoiser that supports it; that of {name} does not.");
        }

        if (options.Levels > levels)
        {
            throw new InvalidOperationException(
                $"{nameof(StepCachingOptions.Levels)} is {options.Levels}; expected 1 to {levels}: the network has {levels + 1} levels.");
        }

        // A wrapper may pass on the description and start other runs.
        denoiser.Start(new DenoiserRunOptions { StepCaching = options }).Dispose();
        assembly.Features.Add(new StepCachingFeature(options));
    }

    public DenoiserRunOptions Configure(DenoiserRunOptions runOptions) => runOptions with { StepCaching = options };

    public IEnumerable<(string Key, object? Value)> Describe() => [("step_caching", options)];
}
