namespace LatentDiffusion;

/// <summary>The IP-Adapters of a pipeline, in the order of a request's image prompts.</summary>
internal sealed class IpAdapterFeature : IPipelineFeature
{
    private readonly List<LoadedIpAdapter> _adapters = [];
    private readonly ImageEncoderSearch _encoders;

    private IpAdapterFeature(CheckpointOptions options) => _encoders = new ImageEncoderSearch(options);

    /// <summary>The adapters.</summary>
    public IReadOnlyList<LoadedIpAdapter> Adapters => _adapters;

    public IReadOnlyList<IOffloadable> Networks => [.. _encoders.Opened, .. _adapters];

    public IReadOnlyList<IOffloadable> DenoisingNetworks => _adapters;

    public static void AddTo(PipelineAssembly assembly)
    {
        DenoiserDescription denoiser = assembly.Denoiser.Description;
        var options = new CheckpointOptions
        {
            Device = assembly.Home ?? assembly.Device, Type = denoiser.Type, Logger = assembly.Logger,
        };
        var feature = new IpAdapterFeature(options);
        // In place before it loads anything, so that it is released with the rest where a later network cannot be read.
        assembly.Features.Add(feature);
        foreach (IpAdapterChoice choice in assembly.Choices.All<IpAdapterChoice>())
        {
            feature._adapters.Add(LoadedIpAdapter.Open(choice, denoiser, options));
            LoadedIpAdapter adapter = feature._adapters[^1];
            feature._adapters[^1] = adapter with { Encoder = feature._encoders.Find(choice, adapter.Network) };
        }
    }

    /// <summary>
    /// Takes the weights of the request where it has some, and the builder's elsewhere. Wrong ones are left for validation.
    /// </summary>
    public GenerationRequest Complete(GenerationRequest request)
    {
        IReadOnlyList<IpAdapterWeight>? given = request.IpAdapterWeights;
        if (request.ImagePrompts is null || _adapters.Count == 0 || (given is not null && given.Count != _adapters.Count)) return request;
        IpAdapterWeight[] complete =
            [.. _adapters.Select((adapter, i) => given is null ? adapter.Weight : Fill(given[i], adapter.Weight)!)];
        return given is not null && complete.SequenceEqual(given) ? request : request with { IpAdapterWeights = complete };

        static IpAdapterWeight? Fill(IpAdapterWeight? weight, IpAdapterWeight defaults) => weight is null ? null : defaults.With(weight);
    }

    public void Validate(GenerationRequest request, SamplingPlan plan) => ImagePromptValidator.Check(request, _adapters);

    public IFeatureRun? Begin(GenerationContext generation, PipelineComponents components) =>
        generation.Requests.All(request => request.ImagePrompts is null) ? null : new IpAdapterRun(_adapters, generation, components);

    public IEnumerable<(string Key, object? Value)> Describe() =>
        [("ip_adapters", _adapters.Count == 0 ? null : _adapters.Select(adapter => adapter.Name).ToArray())];

    public void Dispose()
    {
        foreach (LoadedIpAdapter adapter in _adapters) adapter.Dispose();
        foreach (ImageEncoder encoder in _encoders.Opened) encoder.Dispose();
    }
}
