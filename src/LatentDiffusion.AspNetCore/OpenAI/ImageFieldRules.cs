using System.Globalization;
using System.Net.Mime;

namespace LatentDiffusion.AspNetCore.OpenAI;

/// <summary>The values that the fields of OpenAI's API may have.</summary>
internal static class ImageFieldRules
{
    private const int MostPartialImages = 3;

    private static readonly Dictionary<string, string> s_mediaTypes = new()
    {
        ["png"] = MediaTypeNames.Image.Png, ["jpeg"] = MediaTypeNames.Image.Jpeg, ["webp"] = MediaTypeNames.Image.Webp,
    };

    /// <summary>Refuses values that a field may not have.</summary>
    /// <exception cref="RequestException">A value is wrong; the error names its field.</exception>
    public static void Check(ImageRequestBody body, LatentDiffusionServerOptions options)
    {
        FieldRules.Range("n", body.N, 1, options.MaximumImages);
        FieldRules.Range("partial_images", body.PartialImages, 0, MostPartialImages);
        FieldRules.Range("output_compression", body.OutputCompression, 0, 100);
        FieldRules.Choice("response_format", body.ResponseFormat, "b64_json", "url");
        FieldRules.Choice("output_format", body.OutputFormat, [.. s_mediaTypes.Keys]);
        // This server has one quality, style and background; the others of OpenAI's models are accepted where they do no harm.
        FieldRules.Choice("quality", body.Quality, "auto", "standard", "hd", "low", "medium", "high");
        FieldRules.Choice("style", body.Style, "vivid", "natural");
        FieldRules.Choice("background", body.Background, "auto", "opaque");
        FieldRules.Choice("moderation", body.Moderation, "auto", "low");
        FieldRules.Choice("input_fidelity", body.InputFidelity, "low", "high");
        FieldRules.Length("prompt", body.Prompt, options.MaximumPromptLength);
        if (body.Stream is true && body.ResponseFormat == "url")
            throw RequestErrors.Invalid("response_format is 'url'; expected 'b64_json' with stream.", "response_format");
        if (body.Stream is not true && body.PartialImages > 0)
            throw RequestErrors.Invalid($"partial_images is {body.PartialImages}; expected 0 without stream.", "partial_images");
        if (body.OutputFormat is null or "png" && body.OutputCompression < 100)
        {
            throw RequestErrors.Invalid(
                $"output_compression is {body.OutputCompression}; expected 100 with PNG, which is lossless.", "output_compression");
        }
    }

    /// <summary>The size of the images; nulls for the model's.</summary>
    public static (int? Width, int? Height) Size(ImageRequestBody body)
    {
        if (body.Size is null or "auto") return (null, null);
        string[] sides = body.Size.Split('x');
        if (sides.Length == 2 && Side(sides[0]) is { } width && Side(sides[1]) is { } height) return (width, height);
        throw RequestErrors.Invalid(
            $"size is '{MessageText.Truncate(body.Size, 30)}'; expected 'auto' or WIDTHxHEIGHT, each {RequestSettings.Width.Range}.",
            "size");
    }

    /// <summary>How the images are written.</summary>
    public static ImageFormat Format(ImageRequestBody body) => body.OutputFormat is { } format and not "png"
        ? new ImageFormat(s_mediaTypes[format], body.OutputCompression is { } quality ? Math.Max(quality, 1) : null)
        : ImageFormat.Png;

    /// <summary>The name of a media type in responses.</summary>
    public static string FormatName(string mediaType) => mediaType.Split('/')[^1];

    private static int? Side(string text) =>
        int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out int side) && RequestSettings.Width.Range!.Contains(side)
            ? side
            : null;
}
