using System.Diagnostics.CodeAnalysis;
using System.Globalization;
using System.Net.Http.Headers;
using System.Net.Mime;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using Microsoft.Extensions.AI;

namespace LatentDiffusion.Client;

/// <summary>A call of the images API.</summary>
/// <param name="Fields">The fields of its body.</param>
/// <param name="Originals">The images to edit; none to generate from text.</param>
/// <param name="Mask">What of the image is repainted; null for all.</param>
/// <param name="MediaType">Type of the files that are asked for.</param>
[Experimental("MEAI001")]
internal sealed record ImageCall(JsonObject Fields, IReadOnlyList<DataContent> Originals, DataContent? Mask, string MediaType)
{
    private const string MaskKey = "mask";

    private static readonly string[] s_mediaTypes = [MediaTypeNames.Image.Png, MediaTypeNames.Image.Jpeg, MediaTypeNames.Image.Webp];

    /// <summary>Path of the endpoint.</summary>
    public string Path => Originals.Count > 0 ? "images/edits" : "images/generations";

    /// <summary>Translates a request.</summary>
    /// <exception cref="ArgumentException">It lacks the prompt, or has a value of a wrong type.</exception>
    /// <exception cref="NotSupportedException">It asks for what the server cannot do.</exception>
    public static ImageCall Create(
        ImageGenerationRequest request, ImageGenerationOptions? options, IImageGenerator generator, string? defaultModel)
    {
        string mediaType = Check(options);
        JsonObject fields = Raw(options, generator);
        if (request.Prompt is { } prompt) fields["prompt"] = prompt;
        if (fields["prompt"] is null) throw new ArgumentException("The request has no prompt.", nameof(request));
        if ((options?.ModelId ?? defaultModel) is { } model) fields["model"] = model;
        if (options?.Count is { } count) fields["n"] = count;
        if (options?.ImageSize is { } size)
            fields["size"] = string.Create(CultureInfo.InvariantCulture, $"{size.Width}x{size.Height}");
        fields["response_format"] = "b64_json";
        fields["output_format"] = mediaType["image/".Length..];
        DataContent? mask = null;
        foreach ((string key, object? value) in options?.AdditionalProperties ?? [])
        {
            if (key != MaskKey) fields[key] = Field(value);
            else mask = value as DataContent ?? throw WrongMask(value);
        }

        DataContent[] originals = [.. request.OriginalImages?.Select(Data) ?? []];
        return mask is not null && originals.Length == 0
            ? throw new ArgumentException($"AdditionalProperties has '{MaskKey}' without an original image.", nameof(options))
            : new ImageCall(fields, originals, mask, mediaType);
    }

    /// <summary>The body: JSON, or a form with files.</summary>
    public HttpContent ToContent()
    {
        if (Originals.Count == 0) return new StringContent(Fields.ToJsonString(), Encoding.UTF8, MediaTypeNames.Application.Json);
        var form = new MultipartFormDataContent();
        // A form has no null: an absent field means the same.
        foreach ((string name, JsonNode? value) in Fields)
            if (value is not null) form.Add(new StringContent(value.ToString()), Quoted(name));
        string images = Originals.Count == 1 ? "image" : "image[]";
        foreach ((int index, DataContent original) in Originals.Index()) Add(images, $"image{index}", original);
        if (Mask is not null) Add("mask", "mask", Mask);
        return form;

        void Add(string name, string file, DataContent image)
        {
            var content = new ReadOnlyMemoryContent(image.Data);
            content.Headers.ContentType = new MediaTypeHeaderValue(image.MediaType);
            form.Add(content, Quoted(name), Quoted(file));
        }
    }

    // Without quotation marks, some servers do not read a name with brackets.
    private static string Quoted(string name) => $"\"{name}\"";

    private static string Check(ImageGenerationOptions? options)
    {
        if (options?.ResponseFormat is { } format and not ImageGenerationResponseFormat.Data)
            throw new NotSupportedException($"ResponseFormat is {format}; expected {ImageGenerationResponseFormat.Data}.");
        if (options?.StreamingCount > 0)
        {
            throw new NotSupportedException(
                $"StreamingCount is {options.StreamingCount}; an {nameof(IImageGenerator)} returns only finished images.");
        }

        string mediaType = options?.MediaType?.ToLowerInvariant() ?? MediaTypeNames.Image.Png;
        return s_mediaTypes.Contains(mediaType)
            ? mediaType
            : throw new NotSupportedException(
                $"MediaType is '{Short(mediaType)}'; the server writes {string.Join(", ", s_mediaTypes)}.");
    }

    private static JsonObject Raw(ImageGenerationOptions? options, IImageGenerator generator) =>
        options?.RawRepresentationFactory?.Invoke(generator) switch
        {
            null => [],
            JsonObject raw => raw.DeepClone().AsObject(),
            var other => throw new ArgumentException(
                $"RawRepresentationFactory returned a {other.GetType()}; expected a {typeof(JsonObject)} or null.", nameof(options)),
        };

    private static JsonNode? Field(object? value) => value switch
    {
        null => null,
        JsonElement element => JsonNode.Parse(element.GetRawText()),
        bool flag => JsonValue.Create(flag),
        byte or sbyte or short or ushort or int or uint or long => JsonValue.Create(Convert.ToInt64(value, CultureInfo.InvariantCulture)),
        ulong number => JsonValue.Create(number),
        double number when double.IsFinite(number) => JsonValue.Create(number),
        float number when float.IsFinite(number) => JsonValue.Create(number),
        decimal number => JsonValue.Create(number),
        _ => JsonValue.Create(Convert.ToString(value, CultureInfo.InvariantCulture)),
    };

    private static DataContent Data(AIContent content) => content as DataContent ?? throw new NotSupportedException(
        $"OriginalImages has a {content.GetType().Name}; expected a {nameof(DataContent)}, for nothing is downloaded.");

    private static ArgumentException WrongMask(object? value) => new(
        $"AdditionalProperties has '{MaskKey}' of type {value?.GetType().Name ?? "null"}; expected a {nameof(DataContent)}.", "options");

    private static string Short(string text) => text.Length <= 100 ? text : text[..99] + "…";
}
