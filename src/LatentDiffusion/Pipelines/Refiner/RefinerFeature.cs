namespace LatentDiffusion;

/// <summary>Lets a second model make the last steps.</summary>
internal sealed class RefinerFeature(LoadedRefiner refiner, INoiseScheduler scheduler) : IPipelineFeature
{
    /// <summary>The refiner.</summary>
    public LoadedRefiner Refiner => refiner;

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

    public IEnumerable<(string Key, object? Value)> Describe() => [("refiner", refiner.Name), ("refiner_start", refiner.Start)];

    public void Dispose() => refiner.Dispose();
}
