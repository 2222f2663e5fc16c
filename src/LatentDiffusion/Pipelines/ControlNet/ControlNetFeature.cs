namespace LatentDiffusion;

/// <summary>The ControlNets of a pipeline, in the order of a request's images: first those of the model's own folder.</summary>
internal sealed class ControlNetFeature : IPipelineFeature
{
    private readonly List<LoadedControlNet> _networks = [];

    public IReadOnlyList<IOffloadable> Networks => _networks;

    public static void AddTo(PipelineAssembly assembly)
    {
        var feature = new ControlNetFeature();
        // In place before it loads anything, so that it is released with the rest where a later network cannot be read.
        assembly.Features.Add(feature);
        DenoiserDescription denoiser = assembly.Denoiser.Description;
        if (assembly.UsesModelDenoiser && assembly.Model?.Components is { } components)
            feature._networks.AddRange(LoadedControlNet.Own(components, denoiser, assembly.Autoencoder));
        IReadOnlyList<ControlNetChoice> choices = assembly.Choices.All<ControlNetChoice>();
        if (assembly.Choices.Get<StepCachingOptions>() is not null && feature._networks.Count + choices.Count > 0)
        {
            throw new InvalidOperationException(
                "A ControlNet changes at every evaluation what step caching reuses; use one of the two.");
        }

        foreach (ControlNetChoice choice in choices)
        {
            feature._networks.Add(LoadedControlNet.Open(
                choice, denoiser, assembly.Autoencoder, assembly.Home ?? assembly.Device, assembly.Logger));
        }
    }

    /// <summary>
    /// Takes the weights of the request where it has some, and the builder's elsewhere. Wrong ones are left for validation.
    /// </summary>
    public GenerationRequest Complete(GenerationRequest request)
    {
        IReadOnlyList<ControlWeight>? given = request.ControlWeights;
        if (given is null ? _networks.Count == 0 : given.Count != _networks.Count || given.All(IsComplete)) return request;
        return request with { ControlWeights = [.. _networks.Select((n, i) => given is null ? n.Weight : Fill(given[i], n.Weight)!)] };

        static bool IsComplete(ControlWeight? weight) => weight is null or { Scale: not null, Start: not null, End: not null };

        static ControlWeight? Fill(ControlWeight? weight, ControlWeight defaults) => weight is null ? null : defaults.With(weight);
    }

    public void Validate(GenerationRequest request, SamplingPlan plan)
    {
        int count = _networks.Count;
        string expected = count == 0 ? "none, for the pipeline has no ControlNet" : $"{count}, one for each ControlNet";
        IReadOnlyList<ImageBuffer>? images = request.ControlImages;
        RequestValidator.Check(
            (images?.Count ?? 0) == count, nameof(request.ControlImages), images is null ? "null" : $"a list of {images.Count}", expected);
        RequestValidator.Check(images?.Contains(null!) is not true, nameof(request.ControlImages), "with a null among them", "images only");
        if (request.ControlWeights is not { } weights) return;
        RequestValidator.Check(weights.Count == count, nameof(request.ControlWeights), $"a list of {weights.Count}", expected);
        for (int i = 0; i < count; i++) Check(weights[i], $"{nameof(request.ControlWeights)}[{i}]");
    }

    public IFeatureRun? Begin(GenerationContext generation, PipelineComponents parts) =>
        _networks.Count == 0 ? null : new ControlNetRun(_networks, parts.Device);

    public IEnumerable<(string Key, object? Value)> Describe() =>
        [("control_nets", _networks.Count == 0 ? null : _networks.Select(n => n.Name).ToArray())];

    public void Dispose()
    {
        foreach (LoadedControlNet network in _networks) network.Dispose();
    }

    private static void Check(ControlWeight? weight, string name)
    {
        RequestValidator.Check(weight is not null, name, "null", "a weight");
        RequestValidator.Check(double.IsFinite(weight!.Scale!.Value), $"{name}.{nameof(weight.Scale)}", weight.Scale, "a finite number");
        RequestValidator.Check(weight.Start is >= 0 and < 1, $"{name}.{nameof(weight.Start)}", weight.Start, "at least 0 and below 1");
        RequestValidator.Check(
            weight.End > weight.Start && weight.End <= 1, $"{name}.{nameof(weight.End)}", weight.End,
            $"above the start, {weight.Start}, and at most 1");
    }
}
