namespace LatentDiffusion.Data;

/// <summary>Finds and reads the metadata files of a folder of pictures, as Hugging Face's <c>imagefolder</c> lays them out.</summary>
internal static class FolderMetadata
{
    public const string JsonLines = "metadata.jsonl", Csv = "metadata.csv";

    /// <summary>The metadata file of the folder itself; where it has none, those of its subfolders, in the order of their names.</summary>
    /// <exception cref="InvalidDataException">A folder has one of each kind.</exception>
    public static IReadOnlyList<string> Find(string folder)
    {
        if (In(folder) is { } own) return [own];
        return [.. Directory.EnumerateDirectories(folder, "*", SearchOption.AllDirectories).Order(StringComparer.Ordinal).Select(In).OfType<string>()];
    }

    /// <summary>The pictures that a metadata file lists, in its order.</summary>
    /// <param name="file">The metadata file.</param>
    /// <param name="root">Folder that names are relative to.</param>
    /// <param name="options">Which columns to take.</param>
    /// <exception cref="InvalidDataException">The file cannot be read, or a path leads out of its folder.</exception>
    public static IEnumerable<FolderEntry> Read(string file, string root, ImageFolderOptions options)
    {
        string folder = Path.GetDirectoryName(Path.GetFullPath(file))!;
        IEnumerable<MetadataRow> rows = Path.GetExtension(file).Equals(".csv", StringComparison.OrdinalIgnoreCase)
            ? CsvMetadata.Read(file, options) : JsonLinesMetadata.Read(file, options);
        foreach (MetadataRow row in rows)
        {
            string path = Resolve(folder, row.FileName)
                ?? throw new InvalidDataException($"{file}, line {row.Line}: '{row.FileName}' is no path within the folder.");
            yield return new FolderEntry(path, Path.GetRelativePath(root, path).Replace('\\', '/'), row.Caption);
        }
    }

    private static string? In(string folder)
    {
        string lines = Path.Combine(folder, JsonLines), csv = Path.Combine(folder, Csv);
        return (File.Exists(lines), File.Exists(csv)) switch
        {
            (true, true) => throw new InvalidDataException($"'{folder}' has {JsonLines} and {Csv}: open the one that is meant by its path."),
            (true, _) => lines,
            (_, true) => csv,
            _ => null,
        };
    }

    /// <summary>The full path, with slashes of either kind; null where it is none or lies elsewhere.</summary>
    private static string? Resolve(string folder, string name)
    {
        string relative = name.Replace('\\', '/');
        if (relative.Length == 0 || relative.Contains('\0') || relative[0] == '/' || (relative.Length > 1 && relative[1] == ':')) return null;
        string inside = Path.EndsInDirectorySeparator(folder) ? folder : folder + Path.DirectorySeparatorChar;
        string path = Path.GetFullPath(Path.Combine(inside, relative));
        return path.StartsWith(inside, StringComparison.Ordinal) && path.Length > inside.Length ? path : null;
    }
}
