using System.Text.Json;

namespace LatentDiffusion.Metadata;

/// <summary>
/// An entry of the web UI's text that this library adds: a JSON object of the settings that the other entries do not give back as they
/// were, such as timesteps or white space around a prompt, under the names of <see cref="GenerationMetadata"/>. Other programs ignore it.
/// </summary>
internal static class NativeEntry
{
    public const string Key = "LatentDiffusion";

    /// <summary>The entry of a request.</summary>
    /// <param name="request">The request.</param>
    /// <param name="parameters">The text without the entry.</param>
    /// <param name="namesScheduler">Whether the sampler of the text is exactly the pipeline's scheduler.</param>
    public static string Write(GenerationRequest request, WebUIParameters parameters, bool namesScheduler)
    {
        Dictionary<string, string> wanted = GenerationMetadata.TextsOf(request);
        WebUIParameters asRead = WebUIParameters.Parse(parameters.ToString());
        GenerationRequest read = WebUISettings.ToRequest(
            asRead with { Other = new Dictionary<string, string> { [Key] = "{}" } }, ImageSettingsOptions.Default);
        Dictionary<string, string> given = GenerationMetadata.TextsOf(read);
        if (namesScheduler && request.SchedulerName is null) given.Remove(RequestSettings.SchedulerName.Key);
        var different = new Dictionary<string, string?>();
        foreach (string key in wanted.Keys.Union(given.Keys))
            if (wanted.GetValueOrDefault(key) != given.GetValueOrDefault(key)) different[key] = wanted.GetValueOrDefault(key);
        return JsonSerializer.Serialize(different!, PlainJson.Default.DictionaryStringString);
    }

    /// <summary>The request with the settings of the entry.</summary>
    /// <exception cref="InvalidDataException">The entry cannot be read, or the inputs lack an image.</exception>
    public static GenerationRequest Read(GenerationRequest request, string json, GenerationRequest? inputs)
    {
        JsonElement entry = JsonValues.Parse(json, Key);
        if (entry.ValueKind != JsonValueKind.Object) throw new InvalidDataException($"The image's parameter '{Key}' is not a JSON object.");
        Dictionary<string, string> texts = GenerationMetadata.TextsOf(request);
        foreach (JsonProperty setting in entry.Members(Key))
        {
            if (setting.Value.ValueKind == JsonValueKind.Null) texts.Remove(setting.Name);
            else if (setting.Value.ToText() is { } text) texts[setting.Name] = text;
            else throw new InvalidDataException($"The image's parameter '{Key}' has '{setting.Name}', which is not a text.");
        }

        return GenerationMetadata.ToRequest(texts, inputs);
    }
}
