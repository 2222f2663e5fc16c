using System.Text.Json;

namespace LatentDiffusion.Metadata;

/// <summary>Entries of NovelAI: the JSON <c>Comment</c>, and <c>Description</c> with the prompt.</summary>
internal sealed class NovelAISettings : SettingsReader
{
    private const string Key = "Comment", ProgramName = "NovelAI";

    private static readonly string[] s_carried =
        ["prompt", "uc", "seed", "steps", "scale", "width", "height", "sampler", "noise_schedule", "strength"];

    public override bool Recognises(IReadOnlyDictionary<string, string> texts) =>
        texts.TryGetValue(Key, out string? text) && text.AsSpan().TrimStart().StartsWith("{") && text.Contains("\"sampler\"");

    public override ImageSettings Read(IReadOnlyDictionary<string, string> texts, ImageSettingsOptions options)
    {
        JsonElement values = Json(texts, Key);
        string prompt = values.Member("prompt")?.ToText() ?? texts.GetValueOrDefault("Description")
            ?? throw new InvalidDataException($"The image's text '{Key}' has no 'prompt'.");
        // The sampler's own noise levels.
        string? schedule = values.Member("noise_schedule")?.ToText() is { } name and not "native" ? name : null;
        var request = new GenerationRequest
        {
            Prompt = prompt, NegativePrompt = values.Member("uc")?.ToText() ?? "", Seed = values.Member("seed")?.ToSeed(),
            Steps = values.Member("steps")?.ToInt(), GuidanceScale = values.Member("scale")?.ToDouble(),
            Width = values.Member("width")?.ToInt(), Height = values.Member("height")?.ToInt(),
            SchedulerName = Scheduler(values.Member("sampler")?.ToText(), schedule, options),
        };
        if (values.Member("request_type")?.ToText() == "Img2ImgRequest")
            request = WithInitialImage(request, values.Member("strength")?.ToDouble() ?? 0.7, options);
        return new ImageSettings
        {
            Program = ProgramName, Request = request, Model = texts.GetValueOrDefault("Source"),
            Other = values.Members(Key)
                .Where(m => !s_carried.Contains(m.Name) || (request.SchedulerName is null && m.Name is "sampler" or "noise_schedule"))
                .ToDictionary(m => m.Name, m => m.Value.ToWords()),
        };
    }
}
