namespace LatentDiffusion.Data;

/// <summary>Finds and reads the metadata files of an image folder in the layout of Hugging Face's <c>imagefolder</c>.</summary>
internal static class FolderMetadata
{
    public const string JsonLines = "metadata.jsonl", Csv = "metadata.csv";

    /// <summary>The metadata file in the folder itself; otherwise those of its subfolders, in the order of their names.</summary>
    /// <exception cref="InvalidDataException">A folder has one of each kind.</exception>
    public static DatasetFile[] Find(DatasetFolder folder)
    {
        DatasetFile[] all = [.. folder.Files.Where(f => Path.GetFileName(f.Name) is JsonLines or Csv)];
        if (all.GroupBy(f => Path.GetDirectoryName(f.Path)).FirstOrDefault(g => g.Count() > 1) is { } both)
            throw new InvalidDataException($"'{both.Key}' has {JsonLines} and {Csv}: open the intended one by its path.");
        DatasetFile[] own = [.. all.Where(f => !f.Name.Contains('/'))];
        return own.Length > 0 ? own : all;
    }

    /// <summary>The images that a metadata file lists, in its order.</summary>
    /// <param name="file">The metadata file.</param>
    /// <param name="root">The folder that names are relative to.</param>
    /// <param name="options">Which columns to take.</param>
    /// <exception cref="InvalidDataException">The file cannot be read, or a path leads out of its folder.</exception>
    public static IEnumerable<FolderEntry> Read(string file, DatasetFolder root, ImageFolderOptions options)
    {
        string folder = Path.GetDirectoryName(Path.GetFullPath(file))!;
        IEnumerable<MetadataRow> rows = Path.GetExtension(file).Equals(".csv", StringComparison.OrdinalIgnoreCase)
            ? CsvMetadata.Read(file, options) : JsonLinesMetadata.Read(file, options);
        foreach (MetadataRow row in rows)
        {
            string path = Resolve(folder, row.FileName)
                ?? throw new InvalidDataException(
                    $"{file}, line {row.Line}: '{MessageText.Truncate(row.FileName, 200)}' is not a path within the folder.");
            string name = Path.GetRelativePath(root.Root, path).Replace('\\', '/');
            if (root.Find(name) is { } found) yield return new FolderEntry(found.Path, found.Name, row.Captions);
            // Hidden files that the metadata names are read.
            else if (!File.Exists(path) || root.Allows(path)) yield return new FolderEntry(path, name, row.Captions);
            else if (options.UnreadableImageHandling == UnreadableImageHandling.Skip)
                yield return new FolderEntry(path, name, row.Captions, "a link on its path leads out of the folder.");
            else
                throw new InvalidDataException(
                    $"{file}, line {row.Line}: '{MessageText.Truncate(row.FileName, 200)}' leads out of the folder by a link; "
                    + $"{nameof(StoredImagesOptions.FollowExternalLinks)} allows that.");
        }
    }

    /// <summary>The full path of a name with slashes of either kind; null if it is not a path or leads out of the folder.</summary>
    private static string? Resolve(string folder, string name)
    {
        string relative = name.Replace('\\', '/');
        if (relative.Length == 0 || relative.Contains('\0')) return null;
        if (relative[0] == '/' || (relative.Length > 1 && relative[1] == ':')) return null;
        string inside = Path.EndsInDirectorySeparator(folder) ? folder : folder + Path.DirectorySeparatorChar;
        string path = Path.GetFullPath(Path.Combine(inside, relative));
        return path.StartsWith(inside, StringComparison.Ordinal) && path.Length > inside.Length ? path : null;
    }
}
