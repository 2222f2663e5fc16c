namespace LatentDiffusion.Hub;

/// <summary>
/// Chooses the files that the library reads: of each component the configuration, tokenizer files, and the weights that
/// <see cref="DiffusersFolder"/> would choose among all. Weights of other frameworks, other variants and whole models in one file
/// are left out.
/// </summary>
/// <param name="repository">The files.</param>
/// <param name="variant">Variant of the weights; null for the plain ones.</param>
internal sealed class ModelSelection(HubRepository repository, string? variant)
{
    private const string ConfigFile = "config.json";

    private readonly string[] _paths = [.. repository.Files.Select(file => file.Path)];

    /// <summary>Whether the repository is a pipeline of components.</summary>
    public bool IsPipeline => _paths.Contains(ModelIndexFile.Name);

    /// <summary>Whether the repository is a single network, such as a ControlNet or an autoencoder.</summary>
    public bool IsNetwork => _paths.Contains(ConfigFile);

    /// <summary>The files of a pipeline's components.</summary>
    /// <param name="components">Names of the components.</param>
    /// <exception cref="HubNotFoundException">A component has no files, or no weights.</exception>
    public IReadOnlyList<string> Components(IReadOnlyList<string> components) =>
    [
        .. components.SelectMany(Folders).Distinct().SelectMany(folder =>
            Network($"{folder}/") is { Count: > 0 } files ? files : throw Missing($"no files of the component '{folder}'")),
    ];

    /// <summary>The files of a single network.</summary>
    /// <param name="prefix">Its folder with a slash, or empty for the repository.</param>
    /// <exception cref="HubNotFoundException">It has a configuration and no weights.</exception>
    public IReadOnlyList<string> Network(string prefix)
    {
        string[] names = NamesIn(prefix);
        var chosen = names.Where(IsText).ToList();
        if (names.Contains(ConfigFile)) chosen.Add(Weights(prefix, names));
        return [.. chosen.Select(name => prefix + name)];
    }

    /// <summary>Whether a chosen file names further ones.</summary>
    public static bool IsIndex(string path) => WeightsNames.IsIndex(Path.GetFileName(path));

    /// <summary>Whether a family of the library reads a component; null where no family has the pipeline's class.</summary>
    public static bool? IsRead(string pipeline, string component) =>
        ModelFamilies.All.FirstOrDefault(family => family.PipelineClasses.Contains(pipeline))?.Components
            .Any(known => known.Name == component);

    /// <summary>Whether a file is a configuration or a vocabulary.</summary>
    private static bool IsText(string name) => Path.GetExtension(name) is ".json" or ".txt" or ".model" && !WeightsNames.IsIndex(name);

    private string Weights(string prefix, string[] names)
    {
        if (First(variant) is { } found) return found;
        string[] variants = WeightsNames.Variants(names);
        if (variant is null && variants is [var only] && First(only) is { } other) return other;
        string others = variants.Length == 0 ? "" : $", only those of the variants {string.Join(", ", variants)}";
        throw Missing(
            $"no {(variant is null ? "" : $"weights of the variant '{variant}' and no ")}plain weights in '{prefix}'{others}");

        string? First(string? of) => WeightsNames.Candidates(of).FirstOrDefault(names.Contains);
    }

    /// <summary>A component's folder, and those of the others of its list.</summary>
    private IEnumerable<string> Folders(string component)
    {
        yield return component;
        for (int i = 1; _paths.Any(path => path.StartsWith($"{component}_{i}/", StringComparison.Ordinal)); i++)
            if (IsListed(component)) yield return $"{component}_{i}";
    }

    private static bool IsListed(string component) =>
        ModelFamilies.All.SelectMany(family => family.Components).Any(known => known.Name == component && known.ListClass is not null);

    private string[] NamesIn(string prefix) =>
    [
        .. _paths.Where(path => path.StartsWith(prefix, StringComparison.Ordinal)).Select(path => path[prefix.Length..])
            .Where(name => !name.Contains('/')),
    ];

    private HubException Missing(string what) => repository.IsOffline
        ? new HubOfflineException(
            $"The cache has {what} for '{repository.Id}' at {repository.Commit}, and the hub is not asked or not reached.")
        : new HubNotFoundException(HubEntryKind.File, $"'{repository.Id}' at {repository.Commit} has {what}.");
}
