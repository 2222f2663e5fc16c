using System.Globalization;
using System.Text.Json;

namespace LatentDiffusion.Metadata;

/// <summary>Reads the text entries of one program.</summary>
internal abstract class SettingsReader
{
    /// <summary>Whether the entries are the program's.</summary>
    public abstract bool Recognises(IReadOnlyDictionary<string, string> texts);

    /// <exception cref="InvalidDataException">They cannot be read as a request; the message says why.</exception>
    public abstract ImageSettings Read(IReadOnlyDictionary<string, string> texts, ImageSettingsOptions options);

    /// <summary>Name of the scheduler of a sampler; null where it is unknown and kept with the other entries.</summary>
    protected static string? Scheduler(string? sampler, string? schedule, ImageSettingsOptions options)
    {
        if (string.IsNullOrEmpty(sampler)) return null;
        try
        {
            return SamplerNames.Get(sampler, schedule).Name;
        }
        catch (NotSupportedException e)
        {
            return options.KeepUnknownSampler ? null : throw new InvalidDataException($"The image cannot be reproduced: {e.Message}", e);
        }
    }

    /// <summary>The request with the initial image of the options.</summary>
    protected static GenerationRequest WithInitialImage(GenerationRequest request, double strength, ImageSettingsOptions options) =>
        options.Inputs?.InitialImage is { } image
            ? request with { InitialImage = image, Mask = options.Inputs.Mask, Strength = strength }
            : throw new InvalidDataException(
                $"The image was made from another image with the strength {strength.ToString(CultureInfo.InvariantCulture)}, and texts do "
                + $"not hold images: set '{nameof(ImageSettingsOptions.Inputs)}'.");

    /// <summary>The JSON object of an entry.</summary>
    protected static JsonElement Json(IReadOnlyDictionary<string, string> texts, string key) =>
        JsonValues.Parse(texts[key], key) is { ValueKind: JsonValueKind.Object } value
            ? value
            : throw new InvalidDataException($"The image's text '{key}' is not a JSON object.");
}
