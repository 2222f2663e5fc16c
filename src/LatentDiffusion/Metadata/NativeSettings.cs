using System.Text.Json;

namespace LatentDiffusion.Metadata;

/// <summary>Entries that this library writes.</summary>
internal sealed class NativeSettings : SettingsReader
{
    private const string Name = "LatentDiffusion";

    // Settings of the pipeline that have a property.
    private const string Model = "model", Loras = "loras", Prompting = "prompt_weighting";

    public override bool Recognises(IReadOnlyDictionary<string, string> texts) => GenerationMetadata.IsOwn(texts);

    public override ImageSettings Read(IReadOnlyDictionary<string, string> texts, ImageSettingsOptions options)
    {
        GenerationRequest request = GenerationMetadata.ToRequest(texts, options.Inputs);
        int? layer = texts.ContainsKey(Prompting) ? Json(texts, Prompting).Member("clip_skip")?.ToInt() : null;
        return new ImageSettings
        {
            Program = Name, Request = request, Model = texts.GetValueOrDefault(Model), ClipSkip = request.ClipSkip ?? layer,
            Loras = texts.ContainsKey(Loras) ? [.. ReadLoras(texts[Loras])] : [],
            Other = texts
                .Where(t => t.Key is not (Model or Loras or Prompting) && !GenerationMetadata.RequestKeys.Contains(t.Key))
                .ToDictionary(),
        };
    }

    private static IEnumerable<LoraReference> ReadLoras(string text)
    {
        JsonElement list = JsonValues.Parse(text, Loras);
        foreach (JsonElement lora in list.ValueKind == JsonValueKind.Array ? list.EnumerateArray() : [])
        {
            if (lora.Member("name")?.ToText() is { } file)
                yield return new LoraReference(Path.GetFileNameWithoutExtension(file), lora.Member("scale")?.ToDouble());
        }
    }
}
