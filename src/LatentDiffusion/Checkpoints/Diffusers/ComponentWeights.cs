using System.Text.RegularExpressions;
using Microsoft.Extensions.Logging;

namespace LatentDiffusion.Checkpoints;

/// <summary>Finds the weights of one component's folder by their published names.</summary>
internal static partial class ComponentWeights
{
    private static readonly string[] s_names = ["diffusion_pytorch_model", "model", "pytorch_model"];

    /// <summary>
    /// The file of a variant or, without one, the plain file; safetensors before PyTorch's, one file before several. Where
    /// no variant is asked for and the folder has only one, that one.
    /// </summary>
    /// <exception cref="FileNotFoundException">The folder has none of them; the message lists the variants that it has.</exception>
    public static string Find(string folder, string? variant, ILogger? logger)
    {
        string[] candidates = [.. (variant is null ? [] : Names(variant)), .. Names(null)];
        if (First(folder, candidates) is { } found) return found;
        string[] variants = Variants(folder);
        if (variants is [var only] && variant is null && First(folder, Names(only)) is { } other)
        {
            logger?.OnlyVariant(folder, only);
            return other;
        }

        string others = MessageText.List([.. variants.Select(v => $"'{v}'")]);
        throw new FileNotFoundException(variants.Length == 0
            ? $"{folder} has no weights: looked for {string.Join(", ", candidates)}."
            : $"{folder} has {(variant is null ? "no plain weights" : $"no weights of the variant '{variant}'")}, only those of {others}; "
                + "name one of these as the variant.");
    }

    /// <summary>Whether a file has, by its name, weights of its component or their index, of any variant.</summary>
    public static bool IsWeights(string file) =>
        s_names.Any(name => file.StartsWith($"{name}.", StringComparison.Ordinal) || file.StartsWith($"{name}-", StringComparison.Ordinal))
        && (file.EndsWith(".safetensors", StringComparison.Ordinal) || file.EndsWith(".bin", StringComparison.Ordinal)
            || (file.Contains(".index.", StringComparison.Ordinal) && file.EndsWith(".json", StringComparison.Ordinal)));

    private static string? First(string folder, IEnumerable<string> names) =>
        names.Select(name => Path.Combine(folder, name)).FirstOrDefault(File.Exists);

    /// <summary>The variants that a folder has weights of.</summary>
    private static string[] Variants(string folder) => !Directory.Exists(folder) ? [] :
    [
        .. Directory.EnumerateFiles(folder).Select(file => VariantName().Match(Path.GetFileName(file))).Where(match => match.Success)
            .Select(match => match.Groups["variant"].Value).Distinct().Order(StringComparer.Ordinal),
    ];

    /// <summary>A variant's name stands before the last extension; some older indices have it before the first.</summary>
    private static IEnumerable<string> Names(string? variant)
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
