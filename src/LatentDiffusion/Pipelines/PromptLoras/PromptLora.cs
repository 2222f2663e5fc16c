using System.Globalization;
using System.Text.RegularExpressions;

namespace LatentDiffusion;

/// <summary>An adapter that a prompt names, as the web UI writes it: <c>&lt;lora:name:0.8&gt;</c>.</summary>
/// <param name="Name">Name of the file without its extension.</param>
/// <param name="Scale">How much of it. Default 1.</param>
internal sealed partial record PromptLora(string Name, double Scale)
{
    /// <summary>The prompt without the adapters that it names.</summary>
    public static string RemoveFrom(string prompt) => Tag.Replace(prompt, "");

    /// <summary>The adapters that a prompt names, in order.</summary>
    /// <exception cref="ArgumentException">A name is missing, or a scale is not a finite number.</exception>
    public static IReadOnlyList<PromptLora> In(string prompt) => [.. Tag.Matches(prompt).Select(Read)];

    /// <summary>The same without those that cannot be read.</summary>
    public static IEnumerable<PromptLora> Readable(string prompt) => Tag.Matches(prompt).Select(Find).OfType<PromptLora>();

    private static PromptLora Read(Match match) => Find(match) ?? throw new ArgumentException(MessageText.Truncate(
        $"Prompt has '{match.Value}'; expected <lora:name> or <lora:name:scale> with a finite number."));

    private static PromptLora? Find(Match match)
    {
        string[] parts = match.Groups["content"].Value.Split(':');
        string name = parts[0].Trim();
        double scale = 1;
        bool valid = name.Length > 0 && parts.Length <= 2
            && (parts.Length == 1 || double.TryParse(parts[1], NumberStyles.Float, CultureInfo.InvariantCulture, out scale))
            && double.IsFinite(scale);
        return valid ? new PromptLora(name, scale) : null;
    }

    [GeneratedRegex("<lora:(?<content>[^<>]*)>")]
    private static partial Regex Tag { get; }
}
