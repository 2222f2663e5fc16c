using System.Text.Json.Nodes;

namespace LatentDiffusion;

/// <summary>
/// Settings of a pipeline, as text entries of its images. Files and folders appear by name: their paths are the machine's.
/// </summary>
internal static class PipelineSettings
{
    /// <summary>Those that it has.</summary>
    public static IEnumerable<(string Key, string Value)> FromComponents(PipelineComponents components)
    {
        (string Key, object? Value)[] entries =
        [
            ("model", components.Options.ModelId),
            ("precision", components.Denoiser.Description.Type?.ToString()),
            ("loras", Loras(components.OwnedModel)),
            ("scheduler", components.Scheduler.GetType().Name),
            ("scheduler_config", components.Scheduler.Configuration),
            ("guidance", Describe(components.Guidance).ToJsonString(PipelineJson.Format)),
            ("prompt_weighting", components.Prompting),
            .. components.Features.SelectMany(f => f.Describe()),
        ];
        return
            from entry in entries
            let text = entry.Value switch
            {
                null => null,
                string given => given,
                { } value => PipelineJson.ToNode(value)?.ToJsonString(PipelineJson.Format),
            }
            where text is not null
            select (entry.Key, text!);
    }

    private static RecordedLora[]? Loras(DiffusionModel? model) => model?.Loras is { Count: > 0 } loras
        ? [.. loras.Select(lora => new RecordedLora(Path.GetFileName(lora.Path), lora.Scale))]
        : null;

    private static JsonObject Describe(IGuidance guidance)
    {
        var description = new JsonObject { ["kind"] = guidance.GetType().Name };
        if (guidance.Options is { } options && PipelineJson.ToNode(options) is { } values) description["options"] = values;
        if (guidance.Inner is { } inner) description["inner"] = Describe(inner);
        return description;
    }
}
