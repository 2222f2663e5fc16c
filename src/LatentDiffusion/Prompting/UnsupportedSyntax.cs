using System.Text.RegularExpressions;

namespace LatentDiffusion.Prompting;

/// <summary>Finds notations of Stable Diffusion web UI that are read as plain text here, so that they do not fail silently.</summary>
internal static partial class UnsupportedSyntax
{
    private const string Option = "UsePromptSyntax reads it.", Misfit = "The brackets do not fit the notation, or its option is off.";

    private const string OnlyPrompts = "It composes prompts if its option is on; in negative prompts it is text.";

    /// <summary>The notations in a prompt, each once, with what to do instead. They never contain the prompt's words.</summary>
    /// <param name="prompt">The prompt.</param>
    /// <param name="weighted">Whether the text encoder reads weights and breaks.</param>
    /// <param name="syntax">Whether the prompt is what <see cref="PromptReader"/> left of one.</param>
    public static IEnumerable<(string Syntax, string Remedy)> In(string prompt, bool weighted, bool syntax)
    {
        if (Editing.IsMatch(prompt)) yield return ("prompt editing, [from:to:when]", syntax ? Misfit : Option);
        if (Alternation.IsMatch(prompt)) yield return ("alternating words, [a|b]", syntax ? Misfit : Option);
        if (Conjunction.IsMatch(prompt)) yield return ("composition with AND", syntax ? OnlyPrompts : Option);
        if (ExtraNetwork.IsMatch(prompt))
            yield return ("an extra network, <lora:name:scale>", "Add LoRA files with UseLora, or name them with UsePromptLoras.");
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
