namespace LatentDiffusion.Metadata;

/// <content>The text.</content>
public sealed partial record WebUIParameters
{
    private const string Negative = "Negative prompt:";

    /// <summary>Fewer entries on the last line are part of a prompt.</summary>
    private const int FewestEntries = 3;

    /// <summary>
    /// Reads a text. As in the web UI, the last line holds settings if it has at least three of them, the lines before it are the prompts,
    /// and white space around a line is not part of it.
    /// </summary>
    /// <param name="text">The text; one without settings is a prompt.</param>
    /// <exception cref="InvalidDataException">A number cannot be read; the message names its entry.</exception>
    public static WebUIParameters Parse(string text)
    {
        ArgumentNullException.ThrowIfNull(text);
        string[] lines = text.Trim().Split('\n');
        List<(string Key, string Value)> entries = WebUIEntries.Read(lines[^1]);
        bool hasSettings = entries.Count >= FewestEntries;
        var prompts = (Positive: new List<string>(), Negative: new List<string>());
        bool isNegative = false;
        foreach (string untrimmed in hasSettings ? lines[..^1] : lines)
        {
            string line = untrimmed.Trim();
            bool begins = line.StartsWith(Negative, StringComparison.Ordinal);
            isNegative |= begins;
            List<string> prompt = isNegative ? prompts.Negative : prompts.Positive;
            if (begins) line = line[Negative.Length..].Trim();
            if (prompt.Count > 0 || line.Length > 0) prompt.Add(line);
        }

        var parameters = new WebUIParameters
        {
            Prompt = string.Join('\n', prompts.Positive), NegativePrompt = string.Join('\n', prompts.Negative),
        };
        return hasSettings ? parameters.With(entries) : parameters;
    }

    /// <summary>The text, as the web UI writes and reads it.</summary>
    public override string ToString()
    {
        string negative = NegativePrompt.Length > 0 ? $"\n{Negative} {NegativePrompt}" : "";
        return $"{Prompt}{negative}\n{WebUIEntries.Write(Entries())}".Trim();
    }

    /// <summary>All entries by their keys in the order of the text: the properties as texts, and <see cref="Other"/>.</summary>
    public IReadOnlyDictionary<string, string> ToEntries() => new Dictionary<string, string>(
        Entries().DistinctBy(entry => entry.Key).Select(entry => KeyValuePair.Create(entry.Key, entry.Value)));

    /// <summary>
    /// The request that the parameters describe: prompts, sampling, size, variation seed, hires fix and, with
    /// <see cref="ImageSettingsOptions.Inputs"/>, an initial image and a mask.
    /// </summary>
    /// <param name="options">Inputs and choices; null for none.</param>
    /// <exception cref="InvalidDataException">
    /// They need an input image, or the library does not have the sampler; the message says which.
    /// </exception>
    public GenerationRequest ToRequest(ImageSettingsOptions? options = null) =>
        WebUISettings.ToRequest(this, options ?? ImageSettingsOptions.Default);

    private IEnumerable<(string Key, string Value)> Entries() => WebUIField.All
        .Select(field => (field.Key, Value: field.Write(this)!))
        .Where(entry => entry.Value is not null)
        .Concat(Other.Where(o => WebUIEntries.IsKey(o.Key)).Select(o => (o.Key, o.Value)));

    private WebUIParameters With(List<(string Key, string Value)> entries)
    {
        WebUIParameters parameters = this;
        var other = new Dictionary<string, string>();
        foreach ((string key, string value) in entries)
        {
            WebUIField? field = WebUIField.All.FirstOrDefault(f => f.Key == key);
            if (field?.Read(parameters, value) is { } read) parameters = read;
            else if (field is { IsEssential: true })
            {
                throw new InvalidDataException(
                    $"The image's parameter '{key}' is '{MessageText.Truncate(value, 200)}'; expected {field.Expected}.");
            }
            else other[key] = value;
        }

        return parameters with { Other = other };
    }
}
