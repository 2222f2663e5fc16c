namespace LatentDiffusion.AspNetCore.WebUI;

/// <summary>Prompts, with the styles that a request names.</summary>
internal static class PromptFields
{
    private const string Place = "{prompt}";

    /// <param name="fields">The fields.</param>
    /// <param name="styles">The styles of the server.</param>
    /// <param name="maximumLength">The most characters of a prompt.</param>
    public static (string Prompt, string Negative, IReadOnlyList<string> Styles) Read(
        FieldReader fields, IReadOnlyList<WebUIStyle> styles, int maximumLength)
    {
        string prompt = fields.Text("prompt", "")!, negative = fields.Text("negative_prompt", "")!;
        IReadOnlyList<string> names = fields.Texts("styles");
        foreach (string name in names.Where(name => name.Length > 0))
        {
            if (styles.FirstOrDefault(style => style.Name == name) is { } style)
                (prompt, negative) = (Merge(prompt, style.Prompt), Merge(negative, style.NegativePrompt));
            else
                fields.Add("styles", $"'{MessageText.Truncate(name, 100)}'; expected {List(styles)}.");
        }

        Check("prompt", prompt);
        Check("negative_prompt", negative);
        return (prompt, negative, names);

        void Check(string name, string text)
        {
            if (text.Length > maximumLength) fields.Add(name, $"{text.Length} characters; expected at most {maximumLength}.");
        }
    }

    private static string Merge(string prompt, string style)
    {
        if (style.Contains(Place, StringComparison.Ordinal)) return style.Replace(Place, prompt, StringComparison.Ordinal);
        return string.Join(", ", new[] { prompt.Trim(), style.Trim() }.Where(text => text.Length > 0));
    }

    private static string List(IReadOnlyList<WebUIStyle> styles) =>
        styles.Count == 0 ? "an empty list, for the server has no styles" : MessageText.List([.. styles.Select(style => style.Name)]);
}
