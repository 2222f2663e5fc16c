using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.Json.Serialization;

namespace LatentDiffusion;

/// <summary>
/// Settings of a pipeline, as text entries of its images. Files and folders appear by name: their paths are the machine's.
/// </summary>
internal static class PipelineSettings
{
    private static readonly JsonSerializerOptions s_json = new()
    {
        PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower, DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull,
        // Bounds of guidance may be infinite.
        NumberHandling = JsonNumberHandling.AllowNamedFloatingPointLiterals,
    };

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
            ("guidance", Describe(components.Guidance).ToJsonString(s_json)),
            ("prompt_weighting", components.Prompting),
            .. components.Features.SelectMany(f => f.Describe()),
        ];
        return entries.Where(e => e.Value is not null).Select(e => (e.Key, e.Value as string ?? JsonSerializer.Serialize(e.Value, s_json)));
    }

    private static object? Loras(DiffusionModel? model) =>
        model?.Loras is { Count: > 0 } loras ? loras.Select(l => new { Name = Path.GetFileName(l.Path), l.Scale }) : null;

    private static JsonObject Describe(IGuidance guidance)
    {
        var description = new JsonObject { ["kind"] = guidance.GetType().Name };
        if (guidance.Options is { } options) description["options"] = JsonSerializer.SerializeToNode(options, options.GetType(), s_json);
        if (guidance.Inner is { } inner) description["inner"] = Describe(inner);
        return description;
    }
}
