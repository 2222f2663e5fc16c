using System.Globalization;

namespace LatentDiffusion.Metadata;

/// <summary>An entry of the web UI's text that <see cref="WebUIParameters"/> has a property for.</summary>
/// <param name="Key">The key.</param>
/// <param name="Write">The value of the property as text; null for none.</param>
/// <param name="Read">The parameters with a value; null if the text is not one.</param>
/// <param name="IsEssential">Whether a text that cannot be read is refused, and not kept with the unknown entries.</param>
internal sealed record WebUIField(
    string Key, Func<WebUIParameters, string?> Write, Func<WebUIParameters, string, WebUIParameters?> Read, bool IsEssential = false)
{
    /// <summary>All of them, in the order of the web UI.</summary>
    public static IReadOnlyList<WebUIField> All { get; } =
    [
        Number("Steps", p => p.Steps, (p, v) => p with { Steps = v }),
        Text("Sampler", p => p.Sampler, (p, v) => p with { Sampler = v }),
        Text("Schedule type", p => p.ScheduleType, (p, v) => p with { ScheduleType = v }),
        Number("CFG scale", p => p.CfgScale, (p, v) => p with { CfgScale = v }),
        Number("Seed", p => p.Seed, (p, v) => p with { Seed = v }),
        Size("Size", p => (p.Width, p.Height), (p, width, height) => p with { Width = width, Height = height }),
        Text("Model hash", p => p.ModelHash, (p, v) => p with { ModelHash = v }),
        Text("Model", p => p.Model, (p, v) => p with { Model = v }),
        Text("VAE hash", p => p.VaeHash, (p, v) => p with { VaeHash = v }),
        Text("VAE", p => p.Vae, (p, v) => p with { Vae = v }),
        Number("Variation seed", p => p.VariationSeed, (p, v) => p with { VariationSeed = v }),
        Number("Variation seed strength", p => p.VariationSeedStrength, (p, v) => p with { VariationSeedStrength = v }),
        Number("Denoising strength", p => p.DenoisingStrength, (p, v) => p with { DenoisingStrength = v }),
        Number("Clip skip", p => p.ClipSkip, (p, v) => p with { ClipSkip = v }, isEssential: false),
        Number("ENSD", p => p.Ensd, (p, v) => p with { Ensd = v }, isEssential: false),
        Number("Mask blur", p => p.MaskBlur, (p, v) => p with { MaskBlur = v }, isEssential: false),
        Number("Eta", p => p.Eta, (p, v) => p with { Eta = v }, isEssential: false),
        Number("Hires upscale", p => p.HiresUpscale, (p, v) => p with { HiresUpscale = v }),
        Size("Hires resize", p => (p.HiresWidth, p.HiresHeight), (p, width, height) => p with { HiresWidth = width, HiresHeight = height }),
        Number("Hires steps", p => p.HiresSteps, (p, v) => p with { HiresSteps = v }, isEssential: false),
        Text("Hires upscaler", p => p.HiresUpscaler, (p, v) => p with { HiresUpscaler = v }),
        Hashes("Lora hashes", p => p.LoraHashes, (p, v) => p with { LoraHashes = v }),
        Hashes("TI hashes", p => p.TextualInversionHashes, (p, v) => p with { TextualInversionHashes = v }),
        Text("Version", p => p.Version, (p, v) => p with { Version = v }),
    ];

    /// <summary>The expected form of a value that is refused.</summary>
    public string Expected { get; private init; } = "a number";

    private static WebUIField Text(string key, Func<WebUIParameters, string?> get, Func<WebUIParameters, string, WebUIParameters> set) =>
        new(key, get, set);

    private static WebUIField Number<T>(
        string key, Func<WebUIParameters, T?> get, Func<WebUIParameters, T, WebUIParameters> set, bool isEssential = true)
        where T : struct, ISpanFormattable, ISpanParsable<T> => new(
            key, p => get(p)?.ToString(null, CultureInfo.InvariantCulture),
            (p, text) => TryParse(text, out T value) ? set(p, value) : null, isEssential);

    private static WebUIField Size(
        string key, Func<WebUIParameters, (int? Width, int? Height)> get, Func<WebUIParameters, int, int, WebUIParameters> set) => new(
            key,
            p => get(p) is ({ } width, { } height) ? string.Create(CultureInfo.InvariantCulture, $"{width}x{height}") : null,
            (p, text) => text.Split('x') is [var x, var y] && TryParse(x, out int width) && TryParse(y, out int height)
                ? set(p, width, height)
                : null,
            IsEssential: true)
        {
            Expected = "width and height, for example 512x768",
        };

    private static WebUIField Hashes(
        string key, Func<WebUIParameters, IReadOnlyDictionary<string, string>> get,
        Func<WebUIParameters, IReadOnlyDictionary<string, string>, WebUIParameters> set) => new(
            key,
            p => get(p) is { Count: > 0 } hashes ? string.Join(", ", hashes.Select(h => $"{h.Key}: {h.Value}")) : null,
            (p, text) =>
            {
                var hashes = new Dictionary<string, string>();
                foreach (string part in text.Split(", ", StringSplitOptions.RemoveEmptyEntries))
                {
                    int colon = part.LastIndexOf(':');
                    if (colon < 1) return null;
                    hashes[part[..colon].Trim()] = part[(colon + 1)..].Trim();
                }

                return set(p, hashes);
            });

    // Thousands separators are not numbers here.
    private static bool TryParse<T>(string text, out T value) where T : struct, ISpanParsable<T>
    {
        if (typeof(T) != typeof(double)) return T.TryParse(text, CultureInfo.InvariantCulture, out value);
        bool isNumber = double.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out double number)
            && double.IsFinite(number);
        value = (T)(object)number;
        return isNumber;
    }
}
