using System.Text.RegularExpressions;

namespace LatentDiffusion.Checkpoints;

/// <summary>Recognizes adapters of kinds that are not supported, which use the same file formats, by the names of their tensors.</summary>
internal static class UnsupportedAdapter
{
    // Names come from files, so every pattern must match in linear time.
    private static readonly (Regex Name, string Kind)[] s_kinds =
    [
        (Ending("oft_R(\\.\\w+)?\\.weight|oft_R"), "OFT as peft stores it"),
        (Ending("[ab][12]\\.weight"), "GLoRA (generalized LoRA)"),
        (Ending("vera_lambda_[bd](\\.\\w+)?"), "VeRA (random projections)"),
        (Ending("set_weight|reshape_weight"), "an adapter that replaces weights"),
    ];

    /// <summary>Refuses a file with such an adapter.</summary>
    /// <param name="names">Names of its tensors.</param>
    /// <exception cref="FormatException">The file has one; the message names a tensor and the kind of adapter.</exception>
    public static void Refuse(IReadOnlyList<string> names)
    {
        foreach ((Regex pattern, string kind) in s_kinds)
        {
            if (names.FirstOrDefault(pattern.IsMatch) is { } name)
                throw new FormatException($"'{MessageText.Truncate(name, 200)}' belongs to {kind}, which is not supported.");
        }
    }

    /// <summary>The kind of adapter that a tensor belongs to; null for known kinds and unknown names.</summary>
    public static string? KindOf(string name) => s_kinds.FirstOrDefault(k => k.Name.IsMatch(name)).Kind;

    private static Regex Ending(string pattern) => new($@"\.({pattern})$", RegexOptions.NonBacktracking);
}
