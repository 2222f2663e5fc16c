using System.Globalization;
using System.Text.Json;
using System.Text.Json.Serialization;

namespace LatentDiffusion;

/// <summary>The text entries that say how a picture was made, and the way back from them to a request.</summary>
public static class GenerationMetadata
{
    private static readonly Entry[] s_entries =
    [
        new("prompt", r => r.Prompt, (r, v) => r with { Prompt = v }),
        new("negative_prompt", r => r.NegativePrompt, (r, v) => r with { NegativePrompt = v }),
        new("seed", r => Text(r.Seed), (r, v) => r with { Seed = Number<ulong>(v) }),
        new("variation_seed", r => Text(r.VariationSeed), (r, v) => r with { VariationSeed = Number<ulong>(v) }),
        new("variation_strength", r => Text(r.VariationStrength), (r, v) => r with { VariationStrength = Number<double>(v) }),
        new("steps", r => Text(r.Steps), (r, v) => r with { Steps = Number<int>(v) }),
        new("guidance_scale", r => Text(r.GuidanceScale), (r, v) => r with { GuidanceScale = Number<double>(v) }),
        new("width", r => Text(r.Width), (r, v) => r with { Width = Number<int>(v) }),
        new("height", r => Text(r.Height), (r, v) => r with { Height = Number<int>(v) }),
        new("strength", r => Text(r.Strength), (r, v) => r with { Strength = Number<double>(v) }),
        new("upscale", r => Json(r.Upscale), (r, v) => r with { Upscale = Read<LatentUpscaling>(v) }),
        new("control_scales", r => Json(r.ControlScales), (r, v) => r with { ControlScales = Read<double[]>(v) }),
        new("size_hint", r => Json(r.SizeHint), (r, v) => r with { SizeHint = Read<SizeHint>(v) }),
        new("negative_size_hint", r => Json(r.NegativeSizeHint), (r, v) => r with { NegativeSizeHint = Read<SizeHint>(v) }),
        // Tensors and pictures do not go into texts: what was made of them says so, and is not made again from what it says.
        new("prompt_embeds", r => r.PromptEmbeds is null ? null : "given", (_, _) => throw new FormatException()),
        new("initial_image", r => r.InitialImage is null ? null : "given", (_, _) => throw new FormatException()),
        new("mask", r => r.Mask is null ? null : "given", (_, _) => throw new FormatException()),
        new("control_images", r => r.ControlImages is null ? null : "given", (_, _) => throw new FormatException()),
        new("negative_prompt_embeds", r => r.NegativePromptEmbeds is null ? null : "given", (_, _) => throw new FormatException()),
    ];

    private static readonly JsonSerializerOptions s_json = new()
    {
        PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower, DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull,
        UnmappedMemberHandling = JsonUnmappedMemberHandling.Disallow,
    };

    /// <summary>The entries that make up a request: those that <see cref="ToRequest"/> reads.</summary>
    public static IReadOnlyList<string> RequestKeys { get; } = [.. s_entries.Select(e => e.Key)];

    /// <summary>Reads the request that a PNG file's picture was made by.</summary>
    /// <param name="png">The bytes of a file that <see cref="GeneratedImage.ToPng"/> or <see cref="GeneratedImage.SavePng"/> gave.</param>
    /// <returns>A request for that one picture: the same pipeline gives the same pixels again.</returns>
    /// <exception cref="InvalidDataException">The bytes are no PNG file, or it does not say how it was made; the message names the entry.</exception>
    public static GenerationRequest ReadRequest(ReadOnlySpan<byte> png) => ToRequest(PngText.Read(png));

    /// <summary>The request that text entries describe. Entries of other names are not read.</summary>
    /// <exception cref="InvalidDataException">There is no prompt, or a number is none.</exception>
    public static GenerationRequest ToRequest(IReadOnlyDictionary<string, string> entries)
    {
        ArgumentNullException.ThrowIfNull(entries);
        if (!entries.ContainsKey("prompt")) throw new InvalidDataException("The picture does not say how it was made: it has no text 'prompt'.");
        var request = new GenerationRequest { Prompt = "" };
        foreach (Entry entry in s_entries)
        {
            if (!entries.TryGetValue(entry.Key, out string? value)) continue;
            request = TrySet(request, entry.Key, value)
                ?? throw new InvalidDataException($"The picture's text '{entry.Key}' is '{value}', which cannot be read as a value of its range.");
        }

        return request;
    }

    /// <summary>The request with an entry set; null where the value cannot be read.</summary>
    internal static GenerationRequest? TrySet(GenerationRequest request, string key, string value)
    {
        try
        {
            return s_entries.Single(e => e.Key == key).Set(request, value);
        }
        catch (Exception e) when (e is FormatException or OverflowException or JsonException)
        {
            return null;
        }
    }

    /// <summary>All entries of a picture; those of timings last.</summary>
    internal static Dictionary<string, string> Of(GenerationRequest request, GenerationTimings? timings, PipelineParts parts)
    {
        var texts = s_entries.Where(e => e.Get(request) is not null).ToDictionary(e => e.Key, e => e.Get(request)!);
        texts["scheduler"] = parts.Scheduler.GetType().Name;
        if (parts.Options.ModelId is { } model) texts["model"] = model;
        if (parts.Refiner is { } refiner) texts["refiner"] = refiner.Name;
        if (timings is null) return texts;
        texts["text_encoding_seconds"] = Seconds(timings.TextEncoding);
        texts["denoising_seconds"] = Seconds(timings.Denoising);
        texts["decoding_seconds"] = Seconds(timings.Decoding);
        return texts;
    }

    private static string Seconds(TimeSpan time) => time.TotalSeconds.ToString("F3", CultureInfo.InvariantCulture);

    private static string? Text<T>(T? value) where T : struct, IFormattable => value?.ToString(null, CultureInfo.InvariantCulture);

    private static string? Json<T>(T? value) where T : class => value is null ? null : JsonSerializer.Serialize(value, s_json);

    private static T Read<T>(string value) where T : class => JsonSerializer.Deserialize<T>(value, s_json) ?? throw new FormatException();

    private static T Number<T>(string value) where T : IParsable<T> => T.Parse(value, CultureInfo.InvariantCulture);

    private sealed record Entry(string Key, Func<GenerationRequest, string?> Get, Func<GenerationRequest, string, GenerationRequest> Set);
}
