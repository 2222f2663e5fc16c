using System.Collections;
using System.Globalization;
using System.Text.Json;
using System.Text.Json.Serialization.Metadata;

namespace LatentDiffusion;

/// <summary>A setting of several values, which metadata holds as JSON.</summary>
internal sealed class JsonSetting<T>(string name, Func<GenerationRequest, T?> get, Func<GenerationRequest, T, GenerationRequest> set)
    : RequestSetting(name) where T : class
{
    private static readonly JsonTypeInfo<T> s_contract = PipelineJson.Format.Of<T>();

    /// <summary>The value that the pipeline gives a setting that is left open; null for none.</summary>
    internal Func<GenerationRequest, PipelineComponents, T?>? Choose { get; init; }

    internal override object? Get(GenerationRequest request) =>
        get(request) is IEnumerable list ? string.Join(", ", list.Cast<object>().Select(Text)) : get(request);

    internal override string? Write(GenerationRequest request) =>
        get(request) is { } value ? JsonSerializer.Serialize(value, s_contract) : null;

    internal override GenerationRequest Complete(GenerationRequest request, PipelineComponents components) =>
        get(request) is null && Choose?.Invoke(request, components) is { } value ? set(request, value) : request;

    internal override GenerationRequest Read(GenerationRequest request, string text) =>
        set(request, JsonSerializer.Deserialize(text, s_contract) ?? throw new FormatException());

    private static string? Text(object value) => Convert.ToString(value, CultureInfo.InvariantCulture);
}
