using System.Text.RegularExpressions;

namespace LatentDiffusion.Prompting;

/// <summary>Finds notations of Stable Diffusion web UI that are read as plain text here, so that they do not fail silently.</summary>
internal static partial class UnsupportedSyntax
{
    private const string NoRemedy = "Supported are (word), (word:1.3), [word] and BREAK, with UsePromptWeighting.";

    /// <summary>The notations in a prompt, each once, with what to do instead. They never contain the prompt's words.</summary>
    /// <param name="prompt">The prompt.</param>
    /// <param name="weighted">Whether the text encoder reads weights and breaks.</param>
    public static IEnumerable<(string Syntax, string Remedy)> In(string prompt, bool weighted)
    {
        if (Editing.IsMatch(prompt)) yield return ("prompt editing, [from:to:when]", NoRemedy);
        if (Alternation.IsMatch(prompt)) yield return ("alternating words, [a|b]", NoRemedy);
        if (Conjunction.IsMatch(prompt)) yield return ("composition with AND", NoRemedy);
        if (ExtraNetwork.IsMatch(prompt)) yield return ("an extra network, <lora:name:scale>", "Add LoRA files with UseLora.");
        if (!weighted && Weight.IsMatch(prompt)) yield return ("a weight, (word:1.3)", "UsePromptWeighting reads weights.");
    }

    // A number follows the last colon; an escaped bracket opens nothing.
    [GeneratedRegex(@"(?<!\\)\[[^\[\]]*:\s*[0-9]*\.?[0-9]+\s*\]")]
    private static partial Regex Editing { get; }

    [GeneratedRegex(@"(?<!\\)\[[^\[\]|]*\|[^\[\]]*\]")]
    private static partial Regex Alternation { get; }

    [GeneratedRegex(@"\bAND\b")]
    private static partial Regex Conjunction { get; }

    [GeneratedRegex(@"<(lora|lyco|hypernet):[^<>]*>")]
    private static partial Regex ExtraNetwork { get; }

    [GeneratedRegex(@"(?<!\\)\([^()]*:\s*[+-]?[0-9]*\.?[0-9]+\s*\)")]
    private static partial Regex Weight { get; }
}
