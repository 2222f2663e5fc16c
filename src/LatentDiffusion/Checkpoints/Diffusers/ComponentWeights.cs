using Microsoft.Extensions.Logging;

namespace LatentDiffusion.Checkpoints;

/// <summary>Finds the weights of one component's folder by their published names.</summary>
internal static class ComponentWeights
{
    /// <summary>
    /// The file of a variant or, without one, the plain file; safetensors before PyTorch's, one file before several. Where
    /// no variant is asked for and the folder has only one, that one.
    /// </summary>
    /// <exception cref="FileNotFoundException">The folder has none of them; the message lists the variants that it has.</exception>
    public static string Find(string folder, string? variant, ILogger? logger)
    {
        if (First(folder, variant) is { } found) return found;
        string[] variants = !Directory.Exists(folder) ? []
            : WeightsNames.Variants(Directory.EnumerateFiles(folder).Select(file => Path.GetFileName(file)));
        if (variants is [var only] && variant is null && First(folder, only) is { } other)
        {
            logger?.OnlyVariant(folder, only);
            return other;
        }

        string others = MessageText.List([.. variants.Select(v => $"'{v}'")]);
        throw new FileNotFoundException(variants.Length == 0
            ? $"{folder} has no weights: looked for {string.Join(", ", WeightsNames.Candidates(variant))}."
            : $"{folder} has {(variant is null ? "no plain weights" : $"no weights of the variant '{variant}'")}, only those of {others}; "
                + "name one of these as the variant.");
    }

    private static string? First(string folder, string? variant) =>
        WeightsNames.Candidates(variant).Select(name => Path.Combine(folder, name)).FirstOrDefault(File.Exists);
}
