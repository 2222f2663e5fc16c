using System.Net.Mime;
using System.Text.Json.Nodes;
using System.Text.Json.Serialization;

namespace LatentDiffusion.AspNetCore.WebUI;

/// <summary>The options of the web UI that this server has, of one caller.</summary>
internal sealed record ApiOptions
{
    public const string ModelField = "sd_model_checkpoint", ClipSkipField = "CLIP_stop_at_last_layers";

    private const string FormatField = "samples_format", QualityField = "jpeg_quality", PreviewsField = "live_previews_enable",
        PreviewEveryField = "show_progress_every_n_steps", VaeField = "sd_vae", SeedDeltaField = "eta_noise_seed_delta";

    public const int MostClipSkip = 12;

    private const int MostSteps = 1000;

    private static readonly Dictionary<string, string> s_mediaTypes = new(StringComparer.OrdinalIgnoreCase)
    {
        ["png"] = MediaTypeNames.Image.Png, ["jpg"] = MediaTypeNames.Image.Jpeg, ["jpeg"] = MediaTypeNames.Image.Jpeg,
        ["webp"] = MediaTypeNames.Image.Webp,
    };

    /// <summary>Names of an autoencoder that mean the model's own.</summary>
    private static readonly string[] s_ownVae = ["Automatic", "automatic", "None", "none", ""];

    /// <summary>Name of the model; null for the default one.</summary>
    public string? Model { get; init; }

    /// <summary>The layer of the text encoder, 1 for the last.</summary>
    public int ClipSkip { get; init; } = 1;

    public string Format { get; init; } = "png";

    public int Quality { get; init; } = 80;

    public bool HasPreviews { get; init; } = true;

    /// <summary>Steps from one preview to the next; -1 for none.</summary>
    public int PreviewSteps { get; init; } = 5;

    /// <summary>As <see cref="ImageJob.PreviewEvery"/>.</summary>
    [JsonIgnore]
    public int PreviewEvery => HasPreviews ? Math.Max(PreviewSteps, 0) : 0;

    [JsonIgnore]
    public ImageFormat ImageFormat => new(s_mediaTypes[Format], Quality) { Metadata = MetadataFormat.Both };

    /// <summary>These options with the fields of an object, of which each is one option.</summary>
    /// <param name="fields">The fields. Those without an option are errors.</param>
    /// <param name="models">Names of the models.</param>
    /// <exception cref="ApiError">A field is wrong.</exception>
    public ApiOptions With(FieldReader fields, IReadOnlyList<string> models)
    {
        string? model = fields.Text(ModelField);
        string vae = fields.Text(VaeField, s_ownVae[0])!;
        if (!s_ownVae.Contains(vae)) fields.Add(VaeField, $"'{MessageText.Truncate(vae, 100)}'; expected {s_ownVae[0]}.");
        if (fields.Integer(SeedDeltaField, int.MinValue, int.MaxValue, 0) is not (null or 0))
            fields.Add(SeedDeltaField, "an offset is not supported; expected 0.");
        string format = fields.Text(FormatField, Format)!;
        if (!s_mediaTypes.ContainsKey(format))
            fields.Add(FormatField, $"'{MessageText.Truncate(format, 100)}'; expected {string.Join(", ", s_mediaTypes.Keys)}.");
        ApiOptions options = this with
        {
            ClipSkip = fields.Integer(ClipSkipField, 1, MostClipSkip, ClipSkip)!.Value, Format = format,
            Quality = fields.Integer(QualityField, 1, 100, Quality)!.Value, HasPreviews = fields.Flag(PreviewsField, HasPreviews),
            PreviewSteps = fields.Integer(PreviewEveryField, -1, MostSteps, PreviewSteps)!.Value,
        };
        fields.ThrowIfInvalid();
        return string.IsNullOrEmpty(model) ? options : options with { Model = ModelNames.Find(model, models) };
    }

    /// <summary>All of them by the web UI's names.</summary>
    /// <param name="models">Names of the models, the default one first.</param>
    public JsonObject ToJson(IReadOnlyList<string> models) => new()
    {
        [ModelField] = Model ?? (models.Count > 0 ? models[0] : null), [VaeField] = s_ownVae[0], [ClipSkipField] = ClipSkip,
        [FormatField] = Format, [QualityField] = Quality, [PreviewsField] = HasPreviews, [PreviewEveryField] = PreviewSteps,
        [SeedDeltaField] = 0,
    };
}
