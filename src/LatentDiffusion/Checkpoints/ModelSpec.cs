using System.Globalization;

namespace LatentDiffusion.Checkpoints;

/// <summary>
/// Description of a model in the entries <c>modelspec.…</c> of a safetensors header (Stability AI Model Metadata Standard, version 1.0).
/// The library writes them into LoRA files and models.
/// </summary>
public sealed record ModelSpec
{
    private const string Prefix = "modelspec.", VersionKey = Prefix + "sai_model_spec", CurrentVersion = "1.0.0";

    // The standard asks for a colon-free date and allows a time.
    private const string DateForm = "yyyy-MM-dd";

    internal const string HashKey = Prefix + "hash_sha256";

    // Entries with a property.
    private static readonly (string Name, Func<ModelSpec, string?> Get, Func<ModelSpec, string, ModelSpec> Set)[] s_entries =
    [
        ("architecture", s => s.Architecture, (s, v) => s with { Architecture = v }),
        ("implementation", s => s.Implementation, (s, v) => s with { Implementation = v }),
        ("title", s => s.Title, (s, v) => s with { Title = v }),
        ("description", s => s.Description, (s, v) => s with { Description = v }),
        ("author", s => s.Author, (s, v) => s with { Author = v }),
        ("license", s => s.License, (s, v) => s with { License = v }),
        ("trigger_phrase", s => s.TriggerPhrase, (s, v) => s with { TriggerPhrase = v }),
        ("date", s => s.Date, (s, v) => s with { Date = v }),
        ("resolution", s => s.Resolution, (s, v) => s with { Resolution = v }),
        ("prediction_type", s => s.PredictionType, (s, v) => s with { PredictionType = v }),
        ("hash_sha256", s => s.Hash, (s, v) => s with { Hash = v }),
    ];

    /// <summary>
    /// The model's architecture, and after a slash the kind of adapter, for example <c>stable-diffusion-v1/lora</c>. Null if the file does
    /// not say.
    /// </summary>
    public string? Architecture { get; init; }

    /// <summary>The implementation whose tensor names the file uses, for example <c>diffusers</c>.</summary>
    public string? Implementation { get; init; }

    /// <summary>Title of the model.</summary>
    public string? Title { get; init; }

    /// <summary>Description of the model.</summary>
    public string? Description { get; init; }

    /// <summary>Author of the model.</summary>
    public string? Author { get; init; }

    /// <summary>Licence of the model.</summary>
    public string? License { get; init; }

    /// <summary>Trigger words that activate the model in a prompt.</summary>
    public string? TriggerPhrase { get; init; }

    /// <summary>Date of creation in ISO 8601, with or without a time: <c>2026-11-30</c>.</summary>
    public string? Date { get; init; }

    /// <summary>Size of its images in pixels, for example <c>512x512</c>.</summary>
    public string? Resolution { get; init; }

    /// <summary>Prediction type of the denoiser: <c>epsilon</c> or <c>v</c>.</summary>
    public string? PredictionType { get; init; }

    /// <summary>
    /// SHA-256 of the tensors after <c>0x</c> (<see cref="ModelHash.Tensors"/>). The library computes it for the files that it writes; a
    /// value set here is ignored then.
    /// </summary>
    public string? Hash { get; init; }

    /// <summary>Reads the specification in a file.</summary>
    /// <param name="path">Path of a safetensors file. Only its header is read.</param>
    /// <returns>The specification; null where the file has none.</returns>
    /// <exception cref="FileNotFoundException">The file does not exist.</exception>
    /// <exception cref="CheckpointException">It is not a safetensors file, or it is damaged.</exception>
    public static ModelSpec? Read(string path)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        if (!File.Exists(path)) throw new FileNotFoundException($"The file '{MessageText.Truncate(path, 300)}' does not exist.", path);
        using var file = SafetensorsFile.Open(path);
        return FromMetadata(file.Metadata);
    }

    /// <summary>The specification in the texts of a header; null where they have none.</summary>
    /// <param name="metadata">Texts such as <see cref="SafetensorsFile.Metadata"/>.</param>
    public static ModelSpec? FromMetadata(IReadOnlyDictionary<string, string> metadata)
    {
        ArgumentNullException.ThrowIfNull(metadata);
        if (!metadata.Keys.Any(key => key.StartsWith(Prefix, StringComparison.Ordinal))) return null;
        return s_entries.Aggregate(
            new ModelSpec(),
            (spec, entry) => metadata.TryGetValue(Prefix + entry.Name, out string? value) ? entry.Set(spec, value) : spec);
    }

    /// <summary>The specification as texts of a header, without what is null.</summary>
    public IReadOnlyDictionary<string, string> ToMetadata()
    {
        var metadata = new Dictionary<string, string> { [VersionKey] = CurrentVersion };
        foreach ((string name, Func<ModelSpec, string?> get, _) in s_entries)
            if (get(this) is { } value) metadata[Prefix + name] = value;
        return metadata;
    }

    /// <summary>The texts of a file's header with this specification, made today.</summary>
    /// <param name="path">Path of the file, whose name is the title where there is none.</param>
    /// <param name="others">Further texts.</param>
    internal Dictionary<string, string> For(string path, IReadOnlyDictionary<string, string> others)
    {
        var metadata = new Dictionary<string, string>(others);
        ModelSpec complete = this with
        {
            Title = Title ?? Path.GetFileNameWithoutExtension(path),
            Date = Date ?? DateTime.UtcNow.ToString(DateForm, CultureInfo.InvariantCulture), Hash = "",
        };
        foreach ((string key, string value) in complete.ToMetadata()) metadata[key] = value;
        return metadata;
    }
}
