using System.Globalization;
using System.Text.Json;
using TorchSharp;

namespace LatentDiffusion;

/// <summary>
/// The text entries that say how an image was made, and the way back from them to a request. Next to the request's own they
/// record the pipeline's settings: <c>model</c>, <c>precision</c>, <c>loras</c>, <c>scheduler</c>, <c>scheduler_config</c>,
/// <c>guidance</c>, <c>prompting</c>, <c>autoencoder</c>, <c>control_nets</c>, <c>step_caching</c>, <c>tiling</c>, <c>refiner</c>,
/// <c>refiner_start</c> and <c>upscalers</c>, whichever it has, and what the last bits of the image depend on: <c>threads</c>, the number
/// of libtorch's threads, and <c>cpu_capability</c>, the instruction set of its kernels. Those are not part of a request. Files and
/// folders are named without their paths.
/// </summary>
public static class GenerationMetadata
{
    // Every file of this library has them; other programs name at least one of them differently.
    private static readonly RequestSetting[] s_always =
    [
        RequestSettings.NegativePrompt, RequestSettings.Seed, RequestSettings.Steps, RequestSettings.GuidanceScale, RequestSettings.Width,
        RequestSettings.Height,
    ];

    /// <summary>The entries that make up a request: those that <see cref="ToRequest"/> reads.</summary>
    public static IReadOnlyList<string> RequestKeys { get; } = [.. RequestSettings.Recorded.Select(s => s.Key)];

    /// <summary>
    /// Reads the request that a file's image was made by. Files of other programs are read by <see cref="ImageSettings"/>.
    /// </summary>
    /// <param name="file">
    /// The bytes of a file that <see cref="GeneratedImage.ToPng"/>, <see cref="GeneratedImage.SavePng"/> or
    /// <see cref="GeneratedImage.Encode"/> gave: PNG, JPEG or WebP.
    /// </param>
    /// <param name="inputs">
    /// Has the images and embeddings that it was made from, which files do not hold; the rest of it is not read. Null for none.
    /// </param>
    /// <returns>
    /// A request for that one image: the same pipeline gives the same pixels again, with the same build, CPU features and number of
    /// threads. JPEG and WebP files hold pixels that compression has changed.
    /// </returns>
    /// <exception cref="InvalidDataException">
    /// The bytes are not such a file, or it does not say how it was made, or another program wrote it, or it was made from what
    /// <paramref name="inputs"/> lack; the message names the entry.
    /// </exception>
    public static GenerationRequest ReadRequest(ReadOnlySpan<byte> file, GenerationRequest? inputs = null)
    {
        IReadOnlyDictionary<string, string> entries = file.StartsWith(PngChunk.Signature)
            ? PngText.Read(file, static key => RequestKeys.Contains(key))
            : ImageTexts.Read(file);
        GenerationRequest request = ToRequest(entries, inputs);
        return s_always.FirstOrDefault(setting => !entries.ContainsKey(setting.Key)) is { } missing
            ? throw new InvalidDataException($"The image was not written by this library: it has a text 'prompt' but no '{missing.Key}'.")
            : request;
    }

    /// <summary>The request that text entries describe. Entries of other names are not read.</summary>
    /// <param name="entries">Such as <see cref="GeneratedImage.Metadata"/>.</param>
    /// <param name="inputs">Has the images and embeddings that texts do not hold; the rest of it is not read. Null for none.</param>
    /// <exception cref="InvalidDataException">
    /// The prompt is missing, another program wrote the texts, a number cannot be read, or <paramref name="inputs"/> lack something.
    /// </exception>
    public static GenerationRequest ToRequest(IReadOnlyDictionary<string, string> entries, GenerationRequest? inputs = null)
    {
        ArgumentNullException.ThrowIfNull(entries);
        if (ForeignMetadata.Describe(entries) is { } foreign) throw new InvalidDataException(foreign);
        if (!entries.ContainsKey("prompt"))
            throw new InvalidDataException("The image does not say how it was made: it has no text 'prompt'.");
        var request = new GenerationRequest { Prompt = "" };
        foreach (RequestSetting setting in RequestSettings.Recorded.Where(s => entries.ContainsKey(s.Key)))
        {
            string key = setting.Key, value = entries[key];
            if (setting is not InputSetting input)
            {
                request = TrySet(request, key, value) ?? throw new InvalidDataException(
                    $"The image's text '{key}' is '{MessageText.Truncate(value, 200)}', which cannot be read as a value of its range.");
                continue;
            }

            if (inputs is null || input.Get(inputs) is null)
            {
                throw new InvalidDataException(
                    $"The image was made with '{key}', which texts do not hold: give it in '{nameof(inputs)}'.");
            }

            request = input.Take(request, inputs);
        }

        return request;
    }

    /// <summary>
    /// The entries of a request, with which another process repeats it: <see cref="ToRequest"/> reads them. Images and embeddings appear
    /// as <c>given</c>; <see cref="GenerationRequest.ImageCount"/> and <see cref="GenerationRequest.TimeLimit"/>, which do not change an
    /// image, do not appear.
    /// </summary>
    /// <param name="request">The request. Properties that are null do not have an entry.</param>
    public static IReadOnlyDictionary<string, string> FromRequest(GenerationRequest request)
    {
        ArgumentNullException.ThrowIfNull(request);
        return TextsOf(request);
    }

    /// <summary>Whether this library wrote the entries of an image.</summary>
    internal static bool IsOwn(IReadOnlyDictionary<string, string> entries) =>
        s_always.All(setting => entries.ContainsKey(setting.Key)) && entries.ContainsKey("prompt")
        && ForeignMetadata.Describe(entries) is null;

    /// <summary>The request with an entry set; null where the value cannot be read.</summary>
    internal static GenerationRequest? TrySet(GenerationRequest request, string key, string value)
    {
        try
        {
            return RequestSettings.Recorded.SingleOrDefault(s => s.Key == key)?.Read(request, value);
        }
        catch (Exception e) when (e is FormatException or OverflowException or JsonException or ArgumentException
            or InvalidOperationException)
        {
            return null;
        }
    }

    /// <summary>All entries of an image; those of timings last.</summary>
    internal static Dictionary<string, string> Create(GenerationRequest request, GenerationTimings? timings, PipelineComponents components)
    {
        Dictionary<string, string> texts = TextsOf(request);
        foreach ((string key, string value) in PipelineSettings.FromComponents(components)) texts[key] = value;
        texts["threads"] = torch.get_num_threads().ToString(CultureInfo.InvariantCulture);
        texts["cpu_capability"] = CpuCapability.Current;
        if (timings is null) return texts;
        texts["text_encoding_seconds"] = Seconds(timings.TextEncoding);
        texts["denoising_seconds"] = Seconds(timings.Denoising);
        texts["decoding_seconds"] = Seconds(timings.Decoding);
        if (request.FinalUpscale is not null) texts["upscaling_seconds"] = Seconds(timings.Upscaling);
        return texts;
    }

    /// <summary>Only the entries of a request.</summary>
    internal static Dictionary<string, string> TextsOf(GenerationRequest request)
    {
        var texts = new Dictionary<string, string>();
        foreach (RequestSetting setting in RequestSettings.Recorded)
            if (setting.Write(request) is { } text) texts[setting.Key] = text;
        return texts;
    }

    private static string Seconds(TimeSpan time) => time.TotalSeconds.ToString("F3", CultureInfo.InvariantCulture);
}
