namespace LatentDiffusion.Metadata;

/// <summary>What the web UI would write about a generated image.</summary>
internal static class WebUIMetadata
{
    // A tag of the program, so that readers do not take it for the web UI's own.
    private static readonly string s_version = $"LatentDiffusion {typeof(WebUIMetadata).Assembly.GetName().Version?.ToString(3)}";

    /// <summary>The parameters of an image.</summary>
    /// <param name="request">The complete request for only this image.</param>
    /// <param name="components">Components of the pipeline.</param>
    public static WebUIParameters Create(GenerationRequest request, PipelineComponents components)
    {
        WebUISampler sampler = WebUISampler.Find(components.Scheduler, components.OwnedModel?.SchedulerConfig);
        bool hashes = components.Options.FileHashes;
        WebUIParameters parameters = WebUISettings.FromRequest(request, sampler.Name) with
        {
            Model = components.Options.ModelId,
            ModelHash = hashes && components.ModelFile is { } file ? ModelHash.Short(file) : null,
            LoraHashes = hashes ? LoraHashes(components.OwnedModel) : [],
            ClipSkip = (request.ClipSkip ?? components.Prompting?.ClipSkip) is > 1 and var layer ? layer : null,
            Version = s_version,
        };
        string own = NativeEntry.Write(request, parameters, sampler.IsExact);
        return own == "{}" && sampler.IsExact
            ? parameters
            : parameters with { Other = new Dictionary<string, string> { [NativeEntry.Key] = own } };
    }

    private static Dictionary<string, string> LoraHashes(DiffusionModel? model) => (model?.Loras ?? [])
        .DistinctBy(lora => Path.GetFileNameWithoutExtension(lora.Path))
        .ToDictionary(lora => Path.GetFileNameWithoutExtension(lora.Path), lora => ModelHash.Tensors(lora.Path)[..12]);
}
