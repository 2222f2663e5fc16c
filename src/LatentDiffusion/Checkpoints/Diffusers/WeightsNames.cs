using System.Text.RegularExpressions;

namespace LatentDiffusion.Checkpoints;

/// <summary>Published names of the weights of one component.</summary>
internal static partial class WeightsNames
{
    private static readonly string[] s_names = ["diffusion_pytorch_model", "model", "pytorch_model"];

    /// <summary>
    /// Names to look for, the preferred first: those of a variant before the plain ones, safetensors before PyTorch's, one file
    /// before the index of several.
    /// </summary>
    /// <param name="variant">The variant; null for the plain names only.</param>
    public static IEnumerable<string> Candidates(string? variant) => (variant is null ? [] : Of(variant)).Concat(Of(null));

    /// <summary>The variants that some files are weights of.</summary>
    /// <param name="files">Names of the files in a component's folder.</param>
    public static string[] Variants(IEnumerable<string> files) =>
    [
        .. files.Select(file => VariantName().Match(file)).Where(match => match.Success)
            .Select(match => match.Groups["variant"].Value).Distinct().Order(StringComparer.Ordinal),
    ];

    /// <summary>Whether a file has, by its name, weights of its component or their index, of any variant.</summary>
    public static bool IsWeights(string file) =>
        s_names.Any(name => file.StartsWith($"{name}.", StringComparison.Ordinal) || file.StartsWith($"{name}-", StringComparison.Ordinal))
        && (file.EndsWith(".safetensors", StringComparison.Ordinal) || file.EndsWith(".bin", StringComparison.Ordinal) || IsIndex(file));

    /// <summary>Whether a file is, by its name, the index of several weights files.</summary>
    public static bool IsIndex(string file) =>
        file.Contains(".index.", StringComparison.Ordinal) && file.EndsWith(".json", StringComparison.Ordinal);

    /// <summary>A variant's name stands before the last extension; some older indices have it before the first.</summary>
    private static IEnumerable<string> Of(string? variant)
    {
        string inserted = variant is null ? "" : $".{variant}";
        foreach (string extension in new[] { ".safetensors", ".bin" })
        {
            foreach (string name in s_names) yield return $"{name}{inserted}{extension}";
            foreach (string name in s_names) yield return $"{name}{extension}.index{inserted}.json";
            if (variant is null) continue;
            foreach (string name in s_names) yield return $"{name}{inserted}{extension}.index.json";
        }
    }

    [GeneratedRegex(
        """
        ^(diffusion_pytorch_model|model|pytorch_model)\.
        ((?<variant>\w+)\.(safetensors|bin)(\.index\.json)?|(safetensors|bin)\.index\.(?<variant>\w+)\.json)$
        """,
        RegexOptions.IgnorePatternWhitespace)]
    private static partial Regex VariantName();
}
