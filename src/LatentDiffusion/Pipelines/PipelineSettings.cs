using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.Json.Serialization;

namespace LatentDiffusion;

/// <summary>What a pipeline was set to, as text entries of its pictures. Files and folders are told by name: paths are the machine's.</summary>
internal static class PipelineSettings
{
    private static readonly JsonSerializerOptions s_json = new()
    {
        PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower, DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull,
        // Bounds of guidance may be infinite.
        NumberHandling = JsonNumberHandling.AllowNamedFloatingPointLiterals,
    };

    /// <summary>Those that it has.</summary>
    public static IEnumerable<(string Key, string Value)> Of(PipelineComponents parts)
    {
        (string Key, string? Value)[] entries =
        [
            ("model", parts.Options.ModelId),
            ("precision", Precision(parts.Denoiser)),
            ("loras", parts.OwnedModel?.Loras is { Count: > 0 } loras ? Json(loras.Select(l => new { Name = Path.GetFileName(l.Path), l.Scale })) : null),
            ("scheduler", parts.Scheduler.GetType().Name),
            ("scheduler_config", (parts.Scheduler as NoiseScheduler)?.OwnConfig.ToText()),
            ("guidance", Describe(parts.Guidance).ToJsonString(s_json)),
            ("prompting", Json(parts.Prompting)),
            ("control_nets", parts.ControlNets.Count > 0 ? Json(parts.ControlNets.Select(c => c.Name)) : null),
            ("step_caching", Json((parts.Denoiser as StepCachingUNet)?.Options)),
            ("tiling", Json(parts.Options.Tiling)),
            ("refiner", parts.Refiner?.Name),
            ("refiner_start", Json(parts.Refiner?.Start)),
        ];
        return entries.Where(e => e.Value is not null).Select(e => (e.Key, e.Value!));
    }

    private static string? Precision(IDenoiser denoiser) => denoiser switch
    {
        UNetDenoiser unet => $"{unet.Type}",
        StepCachingUNet caching => $"{caching.Type}",
        _ => null,
    };

    private static JsonObject Describe(IGuidance guidance)
    {
        var told = new JsonObject { ["kind"] = guidance.GetType().Name };
        if (guidance is not IDescribedGuidance described) return told;
        if (described.Options is { } options) told["options"] = JsonSerializer.SerializeToNode(options, options.GetType(), s_json);
        if (described.Inner is { } inner) told["inner"] = Describe(inner);
        return told;
    }

    private static string? Json<T>(T? value) => value is null ? null : JsonSerializer.Serialize(value, s_json);
}
