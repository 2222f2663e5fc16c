using System.Globalization;
using System.Numerics;
using System.Text.Json;
using System.Text.Json.Serialization;
using TorchSharp;

namespace LatentDiffusion;

/// <summary>
/// The text entries that say how a picture was made, and the way back from them to a request. Beside the request's own they
/// tell what the pipeline was set to: <c>model</c>, <c>precision</c>, <c>loras</c>, <c>scheduler</c>, <c>scheduler_config</c>,
/// <c>guidance</c>, <c>prompting</c>, <c>control_nets</c>, <c>step_caching</c>, <c>tiling</c>, <c>refiner</c> and
/// <c>refiner_start</c>, whichever it has, and what the last bits of the image depend on: <c>threads</c>, the number of libtorch's
/// threads, and <c>cpu_capability</c>, the instruction set of its kernels. Those are not part of a request. Files and folders are told by name, without their paths.
/// </summary>
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
        new("control_weights", r => Json(r.ControlWeights), (r, v) => r with { ControlWeights = Read<ControlWeight[]>(v) }),
        new("size_conditioning_input", r => Json(r.SizeConditioningInput), (r, v) => r with { SizeConditioningInput = Read<SizeConditioningInput>(v) }),
        new("negative_size_conditioning_input", r => Json(r.NegativeSizeConditioningInput), (r, v) => r with { NegativeSizeConditioningInput = Read<SizeConditioningInput>(v) }),
    ];

    // Tensors and pictures do not go into texts: what was made of them says so, and whoever makes it again brings them.
    private static readonly Input[] s_inputs =
    [
        new("prompt_embeds", r => r.PromptEmbeds, (r, from) => r with { PromptEmbeds = from.PromptEmbeds }),
        new("negative_prompt_embeds", r => r.NegativePromptEmbeds, (r, from) => r with { NegativePromptEmbeds = from.NegativePromptEmbeds }),
        new("initial_image", r => r.InitialImage, (r, from) => r with { InitialImage = from.InitialImage }),
        new("mask", r => r.Mask, (r, from) => r with { Mask = from.Mask }),
        new("control_images", r => r.ControlImages, (r, from) => r with { ControlImages = from.ControlImages }),
    ];

    // Every file of this library has them; other programs name at least one of them differently.
    private static readonly string[] s_always = ["negative_prompt", "seed", "steps", "guidance_scale", "width", "height"];

    private static readonly JsonSerializerOptions s_json = new()
    {
        PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower, DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull,
        UnmappedMemberHandling = JsonUnmappedMemberHandling.Disallow,
    };

    /// <summary>The entries that make up a request: those that <see cref="ToRequest"/> reads.</summary>
    public static IReadOnlyList<string> RequestKeys { get; } = [.. s_entries.Select(e => e.Key), .. s_inputs.Select(i => i.Key)];

    /// <summary>Reads the request that a PNG file's picture was made by.</summary>
    /// <param name="png">The bytes of a file that <see cref="GeneratedImage.ToPng"/> or <see cref="GeneratedImage.SavePng"/> gave.</param>
    /// <param name="inputs">Has the pictures and embeddings that it was made from, which files do not hold; the rest of it is not read. Null for none.</param>
    /// <returns>A request for that one picture: the same pipeline gives the same pixels again, with the same build, CPU features and number of threads.</returns>
    /// <exception cref="InvalidDataException">
    /// The bytes are not a PNG file, or it does not say how it was made, or another program wrote it, or it was made from what
    /// <paramref name="inputs"/> lack; the message names the entry.
    /// </exception>
    public static GenerationRequest ReadRequest(ReadOnlySpan<byte> png, GenerationRequest? inputs = null)
    {
        IReadOnlyDictionary<string, string> entries = PngText.Read(png, static key => RequestKeys.Contains(key));
        GenerationRequest request = ToRequest(entries, inputs);
        return s_always.FirstOrDefault(key => !entries.ContainsKey(key)) is { } missing
            ? throw new InvalidDataException($"The image was not written by this library: it has a text 'prompt' but no '{missing}'.")
            : request;
    }

    /// <summary>The request that text entries describe. Entries of other names are not read.</summary>
    /// <param name="entries">Such as <see cref="GeneratedImage.Metadata"/>.</param>
    /// <param name="inputs">Has the pictures and embeddings that texts do not hold; the rest of it is not read. Null for none.</param>
    /// <exception cref="InvalidDataException">
    /// There is no prompt, or the texts are another program's, or a number cannot be read, or <paramref name="inputs"/> lack something.
    /// </exception>
    public static GenerationRequest ToRequest(IReadOnlyDictionary<string, string> entries, GenerationRequest? inputs = null)
    {
        ArgumentNullException.ThrowIfNull(entries);
        if (ForeignMetadata.Describe(entries) is { } foreign) throw new InvalidDataException(foreign);
        if (!entries.ContainsKey("prompt")) throw new InvalidDataException("The image does not say how it was made: it has no text 'prompt'.");
        var request = new GenerationRequest { Prompt = "" };
        foreach (Entry entry in s_entries)
        {
            if (!entries.TryGetValue(entry.Key, out string? value)) continue;
            request = TrySet(request, entry.Key, value)
                ?? throw new InvalidDataException($"The picture's text '{entry.Key}' is '{MessageText.Cut(value, 200)}', which cannot be read as a value of its range.");
        }

        foreach (Input input in s_inputs.Where(i => entries.ContainsKey(i.Key)))
        {
            if (inputs is null || input.Get(inputs) is null)
                throw new InvalidDataException($"The picture was made with '{input.Key}', which texts do not hold: give it in '{nameof(inputs)}'.");
            request = input.Take(request, inputs);
        }

        return request;
    }

    /// <summary>The request with an entry set; null where the value cannot be read.</summary>
    internal static GenerationRequest? TrySet(GenerationRequest request, string key, string value)
    {
        try
        {
            return s_entries.SingleOrDefault(e => e.Key == key)?.Set(request, value);
        }
        catch (Exception e) when (e is FormatException or OverflowException or JsonException or ArgumentException or InvalidOperationException)
        {
            return null;
        }
    }

    /// <summary>All entries of a picture; those of timings last.</summary>
    internal static Dictionary<string, string> Of(GenerationRequest request, GenerationTimings? timings, PipelineComponents parts)
    {
        Dictionary<string, string> texts = TextsOf(request);
        foreach ((string key, string value) in PipelineSettings.Of(parts)) texts[key] = value;
        texts["threads"] = torch.get_num_threads().ToString(CultureInfo.InvariantCulture);
        texts["cpu_capability"] = CpuCapability.Current;
        if (timings is null) return texts;
        texts["text_encoding_seconds"] = Seconds(timings.TextEncoding);
        texts["denoising_seconds"] = Seconds(timings.Denoising);
        texts["decoding_seconds"] = Seconds(timings.Decoding);
        return texts;
    }

    /// <summary>The entries of a request alone.</summary>
    internal static Dictionary<string, string> TextsOf(GenerationRequest request)
    {
        var texts = s_entries.Where(e => e.Get(request) is not null).ToDictionary(e => e.Key, e => e.Get(request)!);
        foreach (Input input in s_inputs.Where(i => i.Get(request) is not null)) texts[input.Key] = "given";
        return texts;
    }

    private static string Seconds(TimeSpan time) => time.TotalSeconds.ToString("F3", CultureInfo.InvariantCulture);

    private static string? Text<T>(T? value) where T : struct, IFormattable => value?.ToString(null, CultureInfo.InvariantCulture);

    private static string? Json<T>(T? value) where T : class => value is null ? null : JsonSerializer.Serialize(value, s_json);

    private static T Read<T>(string value) where T : class => JsonSerializer.Deserialize<T>(value, s_json) ?? throw new FormatException();

    // Without AllowThousands, by which 1,5 would be 15.
    private static T Number<T>(string value) where T : INumberBase<T> =>
        T.Parse(value, typeof(T) == typeof(double) ? NumberStyles.Float : NumberStyles.Integer, CultureInfo.InvariantCulture);

    private sealed record Entry(string Key, Func<GenerationRequest, string?> Get, Func<GenerationRequest, string, GenerationRequest> Set);

    private sealed record Input(string Key, Func<GenerationRequest, object?> Get, Func<GenerationRequest, GenerationRequest, GenerationRequest> Take);
}
