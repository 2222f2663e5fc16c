using System.Globalization;

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
                "A ControlNet changes the cached values at every evaluation; use it or step caching, not both.");
        }

        foreach (ControlNetChoice choice in choices) feature._networks.Add(LoadedControlNet.Open(choice, assembly));
    }

    /// <summary>Each control image's ControlNet and the builder's weight.</summary>
    private IEnumerable<(LoadedControlNet Network, ControlWeight Weight)> Images =>
        _networks.SelectMany(network => network.Weights, (network, weight) => (network, weight));

    /// <summary>
    /// Takes the weights of the request where it has some, and the builder's elsewhere. Wrong ones are left for validation.
    /// </summary>
    public GenerationRequest Complete(GenerationRequest request)
    {
        IReadOnlyList<ControlWeight>? given = request.ControlWeights;
        ControlWeight[] weights = [.. Images.Select(image => image.Weight)];
        if (given is null) return weights.Length == 0 ? request : request with { ControlWeights = weights };
        if (given.Count != weights.Length) return request;
        ControlWeight[] filled = [.. weights.Select((weight, i) => given[i] is { } own ? weight.With(own) : null!)];
        return filled.SequenceEqual(given) ? request : request with { ControlWeights = filled };
    }

    public void Validate(GenerationRequest request, SamplingPlan plan)
    {
        (LoadedControlNet Network, ControlWeight)[] slots = [.. Images];
        int count = slots.Length;
        string modes = _networks.Any(network => network.Network.Description.Modes > 0) ? " and mode" : "";
        string expected = count == 0 ? "none, because the pipeline has no ControlNet" : $"{count}, one for each ControlNet{modes}";
        IReadOnlyList<ImageBuffer>? images = request.ControlImages;
        RequestValidator.Check(
            (images?.Count ?? 0) == count, nameof(request.ControlImages), images is null ? "null" : $"a list of {images.Count}", expected);
        RequestValidator.Check(images?.Contains(null!) is not true, nameof(request.ControlImages), "with a null among them", "images only");
        if (request.ControlWeights is not { } weights) return;
        RequestValidator.Check(weights.Count == count, nameof(request.ControlWeights), $"a list of {weights.Count}", expected);
        for (int i = 0; i < count; i++) Check(weights[i], $"{nameof(request.ControlWeights)}[{i}]", slots[i].Network);
    }

    public IFeatureRun? Begin(GenerationContext generation, PipelineComponents components) =>
        _networks.Count == 0 ? null : new ControlNetRun(_networks, components.Device);

    public IEnumerable<(string Key, object? Value)> Describe() =>
        [("control_nets", _networks.Count == 0 ? null : _networks.Select(n => n.Name).ToArray())];

    public void Dispose()
    {
        foreach (LoadedControlNet network in _networks) network.Dispose();
    }

    private static void Check(ControlWeight? weight, string name, LoadedControlNet network)
    {
        int modes = network.Network.Description.Modes;
        RequestValidator.Check(weight is not null, name, "null", "a weight");
        StepInterval.Check(name, weight!.Scale, weight.Start, weight.End);
        RequestValidator.Check(
            modes == 0 ? weight.Mode is null : weight.Mode >= 0 && weight.Mode < modes, $"{name}.{nameof(weight.Mode)}",
            weight.Mode?.ToString(CultureInfo.InvariantCulture) ?? "null",
            modes == 0
                ? $"null, because the ControlNet '{network.Name}' has no modes"
                : $"0 to {modes - 1}, the modes of the ControlNet '{network.Name}'");
    }
}
