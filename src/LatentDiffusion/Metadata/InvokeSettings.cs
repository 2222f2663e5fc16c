using System.Text.Json;

namespace LatentDiffusion.Metadata;

/// <summary>
/// Entries of InvokeAI: <c>invokeai_metadata</c> of versions from 3, <c>sd-metadata</c> of version 2, and the command line <c>Dream</c> of
/// the first ones.
/// </summary>
internal sealed class InvokeSettings : SettingsReader
{
    private const string Current = "invokeai_metadata", Former = "sd-metadata", ProgramName = "InvokeAI";

    // Members that the request or a property of the settings holds.
    private static readonly string[] s_carried =
    [
        "positive_prompt", "negative_prompt", "width", "height", "seed", "cfg_scale", "steps", "scheduler", "model", "loras", "vae",
        "clip_skip", "strength", "prompt", "sampler",
    ];

    public override bool Recognises(IReadOnlyDictionary<string, string> texts) =>
        texts.ContainsKey(Current) || texts.ContainsKey(Former) || texts.ContainsKey(DreamCommand.Key);

    public override ImageSettings Read(IReadOnlyDictionary<string, string> texts, ImageSettingsOptions options)
    {
        JsonElement values;
        if (texts.ContainsKey(Current)) values = Json(texts, Current);
        else if (texts.ContainsKey(Former)) values = Json(texts, Former);
        else return FromCommand(DreamCommand.Parse(texts[DreamCommand.Key]), options);
        return texts.ContainsKey(Current) ? FromCurrent(values, options) : FromFormer(values, options);
    }

    private static ImageSettings FromCurrent(JsonElement values, ImageSettingsOptions options)
    {
        string prompt = values.Member("positive_prompt")?.ToText()
            ?? throw new InvalidDataException($"The image's text '{Current}' has no 'positive_prompt'.");
        JsonElement? model = values.Member("model");
        return Settings(values, prompt, values.Member("scheduler")?.ToText(), options) with
        {
            Model = Name(model), ModelHash = model?.Member("hash")?.ToText(), Autoencoder = Name(values.Member("vae")),
            ClipSkip = values.Member("clip_skip")?.ToInt() is > 0 and var skipped ? skipped + 1 : null,
            Loras = values.Member("loras") is { ValueKind: JsonValueKind.Array } loras
                ? [.. loras.EnumerateArray()
                    .Select(lora => (Name: Name(lora.Member("model") ?? lora.Member("lora")), Scale: lora.Member("weight")?.ToDouble()))
                    .Where(lora => lora.Name is not null)
                    .Select(lora => new LoraReference(lora.Name!, lora.Scale))]
                : [],
        };
    }

    private static ImageSettings FromFormer(JsonElement values, ImageSettingsOptions options)
    {
        JsonElement image = values.Member("image") ?? throw new InvalidDataException($"The image's text '{Former}' has no 'image'.");
        JsonElement? prompt = image.Member("prompt");
        // A list of weighted prompts, of which most images have one.
        if (prompt is { ValueKind: JsonValueKind.Array } list)
        {
            if (list.GetArrayLength() != 1)
                throw new InvalidDataException($"The image does not have a single prompt: '{Former}' has {list.GetArrayLength()}.");
            prompt = list[0].Member("prompt");
        }

        string text = prompt?.ToText() ?? throw new InvalidDataException($"The image's text '{Former}' has no 'prompt'.");
        return Settings(image, text, image.Member("sampler")?.ToText(), options) with
        {
            Model = values.Member("model_weights")?.ToText(), ModelHash = values.Member("model_hash")?.ToText(),
        };
    }

    private static ImageSettings FromCommand(DreamCommand command, ImageSettingsOptions options)
    {
        JsonElement values = JsonSerializer.SerializeToElement(command.Values, PlainJson.Default.IReadOnlyDictionaryStringString);
        return Settings(values, command.Prompt, command.Values.GetValueOrDefault("sampler"), options);
    }

    private static ImageSettings Settings(JsonElement values, string prompt, string? sampler, ImageSettingsOptions options)
    {
        (string positive, string negative) = DreamCommand.SplitNegative(prompt);
        if (values.Member("negative_prompt")?.ToText() is { } given) (positive, negative) = (prompt, given);
        var request = new GenerationRequest
        {
            Prompt = positive, NegativePrompt = negative, Seed = values.Member("seed")?.ToSeed(), Steps = values.Member("steps")?.ToInt(),
            GuidanceScale = values.Member("cfg_scale")?.ToDouble(), Width = values.Member("width")?.ToInt(),
            Height = values.Member("height")?.ToInt(), SchedulerName = Scheduler(sampler, null, options),
        };
        bool isFromImage = values.Member("init_image") is not null || values.Member("type")?.ToText() == "img2img"
            || values.Member("generation_mode")?.ToText()?.EndsWith("img2img", StringComparison.Ordinal) == true;
        if (isFromImage) request = WithInitialImage(request, values.Member("strength")?.ToDouble() ?? 0.75, options);
        return new ImageSettings
        {
            Program = ProgramName, Request = request,
            Other = values.Members(ProgramName)
                .Where(m => !s_carried.Contains(m.Name) || (request.SchedulerName is null && m.Name is "scheduler" or "sampler"))
                .ToDictionary(m => m.Name, m => m.Value.ToWords()),
        };
    }

    /// <summary>The name of a model, which is a text or an object.</summary>
    private static string? Name(JsonElement? model) =>
        model?.ToText() ?? model?.Member("name")?.ToText() ?? model?.Member("model_name")?.ToText();
}
