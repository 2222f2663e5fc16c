using System.Text.RegularExpressions;

namespace LatentDiffusion.Checkpoints;

/// <summary>Recognizes adapters other than LoRA, which use the same file formats, by the names of their tensors.</summary>
internal static class UnsupportedAdapter
{
    // Names come from files, so every pattern must match in linear time.
    private static readonly (Regex Name, string Kind)[] s_kinds =
    [
        (Ending("dora_scale|lora_magnitude_vector(\\.\\w+)*"), "DoRA (weight-decomposed adaptation)"),
        (Ending("hada_(w[12]_[ab]|t[12])"), "LoHa (Hadamard products)"),
        (Ending("lokr_(w[12](_[ab])?|t2)"), "LoKr (Kronecker products)"),
        (Ending("oft_(blocks|diag|R\\.weight|R\\.\\w+\\.weight)"), "OFT (orthogonal fine-tuning)"),
        (Ending("diff|diff_b"), "an adapter of full differences"),
        (Ending("on_input"), "IA³ (scaled activations)"),
    ];

    /// <summary>Refuses a file with such an adapter.</summary>
    /// <param name="names">Names of its tensors.</param>
    /// <exception cref="FormatException">The file has one; the message names a tensor and the kind of adapter.</exception>
    public static void Refuse(IReadOnlyList<string> names)
    {
        foreach ((Regex pattern, string kind) in s_kinds)
        {
            if (names.FirstOrDefault(pattern.IsMatch) is { } name)
                throw new FormatException($"'{MessageText.Cut(name, 200)}' belongs to {kind}, which is not supported.");
        }
    }

    /// <summary>The kind of adapter that a tensor belongs to; null for LoRA and unknown names.</summary>
    public static string? KindOf(string name) => s_kinds.FirstOrDefault(k => k.Name.IsMatch(name)).Kind;

    private static Regex Ending(string pattern) => new($@"\.({pattern})$", RegexOptions.NonBacktracking);
}
