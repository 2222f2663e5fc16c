namespace LatentDiffusion;

/// <summary>Enlarges generated images, and the images of a first pass for the second.</summary>
internal sealed class UpscalerFeature : IPipelineFeature
{
    private readonly PipelineUpscalers _upscalers = new();

    public IReadOnlyList<IOffloadable> Networks => _upscalers.Added;

    public IReadOnlyList<IOffloadable> DenoisingNetworks => [];

    /// <summary>All by their names.</summary>
    public IReadOnlyDictionary<string, IImageUpscaler> Upscalers => _upscalers.All;

    public static void AddTo(PipelineAssembly assembly)
    {
        var feature = new UpscalerFeature();
        // In place before it loads anything, so that it is released with the rest where a later file cannot be read.
        assembly.Features.Add(feature);
        foreach (UpscalerChoice choice in assembly.Choices.All<UpscalerChoice>()) feature._upscalers.Open(choice, assembly);
    }

    public GenerationRequest Complete(GenerationRequest request)
    {
        if (request.FinalUpscale is not { } upscaling) return request;
        string name = upscaling.Upscaler ?? _upscalers.DefaultName;
        // An unknown name is left for validation.
        int scale = _upscalers.Find(name)?.Scale ?? 1;
        (int width, int height) = Generated(request);
        return request with { FinalUpscale = UpscaledSize.Complete(upscaling with { Upscaler = name }, width, height, scale) };
    }

    public void Validate(GenerationRequest request, SamplingPlan plan)
    {
        _upscalers.Check(nameof(request.Upscale), request.Upscale?.Upscaler);
        if (request.FinalUpscale is not { } upscaling) return;
        _upscalers.Check(nameof(request.FinalUpscale), upscaling.Upscaler);
        UpscaledSize.Check(nameof(request.FinalUpscale), upscaling);
    }

    public IFeatureRun? Begin(GenerationContext generation, PipelineComponents components) =>
        generation.Requests.Any(r => r.FinalUpscale is not null || r.Upscale?.Upscaler is not null)
            ? new UpscalerRun(_upscalers, generation, components)
            : null;

    public long FinishingBytes(GenerationRequest request)
    {
        (int width, int height) = Generated(request);
        long final = request.FinalUpscale is { Upscaler: { } name } ? _upscalers.Find(name)!.WorkingBytes(width, height) : 0;
        long between = request.Upscale?.Upscaler is { } other
            ? _upscalers.Find(other)!.WorkingBytes(request.Width!.Value, request.Height!.Value)
            : 0;
        return Math.Max(final, between);
    }

    public IEnumerable<(string Key, object? Value)> Describe() =>
        [("upscalers", _upscalers.AddedNames is { Count: > 0 } names ? names.ToArray() : null)];

    public void Dispose() => _upscalers.Dispose();

    /// <summary>The size before the final upscale: that of the last pass, or of the image of which a part is repainted.</summary>
    private static (int Width, int Height) Generated(GenerationRequest request) => request switch
    {
        { Mask: not null, Inpainting.MaskPadding: not null, InitialImage: { } initial } => (initial.Width, initial.Height),
        { Upscale: { } second } => (second.Width, second.Height),
        _ => (request.Width!.Value, request.Height!.Value),
    };
}
