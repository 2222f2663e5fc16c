namespace LatentDiffusion;

/// <summary>The T2I-Adapters of a pipeline, in the order of a request's images: first those of the model's own folder.</summary>
internal sealed class T2IAdapterFeature : IPipelineFeature
{
    private readonly List<LoadedT2IAdapter> _adapters = [];

    public IReadOnlyList<IOffloadable> Networks => _adapters;

    /// <summary>None: they are evaluated before the first step.</summary>
    public IReadOnlyList<IOffloadable> DenoisingNetworks => [];

    public static void AddTo(PipelineAssembly assembly)
    {
        var feature = new T2IAdapterFeature();
        // In place before it loads anything, so that it is released with the rest where a later network cannot be read.
        assembly.Features.Add(feature);
        if (assembly.UsesModelDenoiser && assembly.Model?.Components is { } components)
            feature._adapters.AddRange(LoadedT2IAdapter.Own(components, assembly.Denoiser.Description, assembly.Autoencoder));
        IReadOnlyList<T2IAdapterChoice> choices = assembly.Choices.All<T2IAdapterChoice>();
        if (assembly.Choices.Get<StepCachingOptions>() is not null && feature._adapters.Count + choices.Count > 0)
        {
            throw new InvalidOperationException(
                "A T2I-Adapter is added to the resolutions that step caching leaves out; use it or step caching, not both.");
        }

        foreach (T2IAdapterChoice choice in choices) feature._adapters.Add(LoadedT2IAdapter.Open(choice, assembly));
    }

    /// <summary>
    /// Takes the weights of the request where it has some, and the builder's elsewhere. Wrong ones are left for validation.
    /// </summary>
    public GenerationRequest Complete(GenerationRequest request)
    {
        if (request.AdapterWeights is not { } given)
            return _adapters.Count == 0 ? request : request with { AdapterWeights = [.. _adapters.Select(adapter => adapter.Weight)] };
        bool complete = given.All(weight => weight is null or { Scale: not null, ConditioningFactor: not null });
        if (given.Count != _adapters.Count || complete) return request;
        return request with
        {
            AdapterWeights = [.. _adapters.Select((adapter, i) => given[i] is { } weight ? adapter.Weight.With(weight) : null!)],
        };
    }

    public void Validate(GenerationRequest request, SamplingPlan plan)
    {
        int count = _adapters.Count;
        string expected = count == 0 ? "none, because the pipeline has no T2I-Adapter" : $"{count}, one for each T2I-Adapter";
        IReadOnlyList<ImageBuffer>? images = request.AdapterImages;
        RequestValidator.Check(
            (images?.Count ?? 0) == count, nameof(request.AdapterImages), images is null ? "null" : $"a list of {images.Count}", expected);
        RequestValidator.Check(images?.Contains(null!) is not true, nameof(request.AdapterImages), "with a null among them", "images only");
        if (request.AdapterWeights is not { } weights) return;
        RequestValidator.Check(weights.Count == count, nameof(request.AdapterWeights), $"a list of {weights.Count}", expected);
        for (int i = 0; i < count; i++)
        {
            Check(weights[i], $"{nameof(request.AdapterWeights)}[{i}]");
            CheckSize(_adapters[i], request);
        }
    }

    public IFeatureRun? Begin(GenerationContext generation, PipelineComponents components) =>
        _adapters.Count == 0 ? null : new T2IAdapterRun(_adapters, generation, components);

    public IEnumerable<(string Key, object? Value)> Describe() =>
        [("t2i_adapters", _adapters.Count == 0 ? null : _adapters.Select(adapter => adapter.Name).ToArray())];

    public void Dispose()
    {
        foreach (LoadedT2IAdapter adapter in _adapters) adapter.Dispose();
    }

    private static void Check(AdapterWeight? weight, string name)
    {
        RequestValidator.Check(weight is not null, name, "null", "a weight");
        RequestValidator.Check(double.IsFinite(weight!.Scale!.Value), $"{name}.{nameof(weight.Scale)}", weight.Scale, "a finite number");
        RequestValidator.Check(
            weight.ConditioningFactor is > 0 and <= 1, $"{name}.{nameof(weight.ConditioningFactor)}", weight.ConditioningFactor,
            "above 0 and at most 1");
    }

    /// <summary>Squares of pixels become one pixel, so that images consist of whole squares.</summary>
    private static void CheckSize(LoadedT2IAdapter adapter, GenerationRequest request)
    {
        int factor = adapter.Network.Description.DownscaleFactor;
        string expected = $"a multiple of {factor}, for the T2I-Adapter '{adapter.Name}'";
        (string Name, int Value)[] sides =
        [
            (nameof(request.Width), request.Width!.Value), (nameof(request.Height), request.Height!.Value),
            .. request.Upscale is not { } upscale ? Array.Empty<(string, int)>() :
            [
                ($"{nameof(request.Upscale)}.{nameof(upscale.Width)}", upscale.Width),
                ($"{nameof(request.Upscale)}.{nameof(upscale.Height)}", upscale.Height),
            ],
        ];
        foreach ((string name, int value) in sides) RequestValidator.Check(value % factor == 0, name, value, expected);
    }
}
