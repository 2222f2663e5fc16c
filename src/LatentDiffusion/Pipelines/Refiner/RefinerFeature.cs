namespace LatentDiffusion;

/// <summary>Lets a second model make the last steps.</summary>
internal sealed class RefinerFeature(LoadedRefiner refiner, INoiseScheduler scheduler) : IPipelineFeature
{
    public IReadOnlyList<IOffloadable> Networks => refiner.Movable;

    public IReadOnlyList<IOffloadable> DenoisingNetworks => [refiner.Model.Denoiser];

    public static void AddTo(PipelineAssembly assembly)
    {
        if (assembly.Choices.Get<RefinerChoice>() is not { } choice) return;
        LoadedRefiner refiner = LoadedRefiner.Open(
            choice, assembly.Denoiser.Description, assembly.Autoencoder, assembly.Scheduler, assembly.Device, assembly.Reading);
        try
        {
            refiner = refiner with { TextEncoder = assembly.TextEncoding(refiner.TextEncoder) };
            assembly.Features.Add(new RefinerFeature(refiner, assembly.Scheduler));
        }
        catch
        {
            refiner.Dispose();
            throw;
        }
    }

    public void Validate(GenerationRequest request, SamplingPlan plan) => refiner.Check(request, plan, scheduler);

    public IFeatureRun Begin(GenerationContext generation, PipelineComponents components)
    {
        using IDisposable loaded = components.Offloader.Load(generation.Token, refiner.TextEncoder);
        bool withNegative = components.NeedsNegative(generation.Request);
        return new RefinerRun(refiner, generation.Requests, components, withNegative, refiner.Boundary(scheduler), generation.Token);
    }

    public long WorkingBytes(long batch, long latentPixels) => refiner.Model.Denoiser.WorkingBytes(batch, latentPixels);

    public IEnumerable<(string Key, object? Value)> Describe() => [("refiner", refiner.Name), ("refiner_start", refiner.Start)];

    public void Dispose() => refiner.Dispose();
}
