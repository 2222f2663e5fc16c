namespace LatentDiffusion.Data;

/// <summary>
/// The files of a data set's folder. Hidden files and folders are left out, each folder is visited once even if several links
/// lead to it, links that leave the folder are followed only on request, and pipes and devices are never opened.
/// </summary>
internal sealed class DatasetFolder
{
    // Copies and thumbnails that file managers and network drives keep next to the images.
    private static readonly string[] s_systemFolders = ["__MACOSX", "@eaDir", "$RECYCLE.BIN", "System Volume Information"];

    private readonly bool _followExternalLinks;
    private readonly string _realRoot;
    private readonly HashSet<string> _visited = [];
    private readonly Queue<(string Path, string Name)> _linkedFolders = new();
    private readonly List<DatasetFile> _files = [];
    private readonly Lazy<Dictionary<string, DatasetFile>> _byName;
    private readonly Lazy<Dictionary<string, DatasetFile>> _byComposedName;

    private DatasetFolder(string root, bool followExternalLinks)
    {
        (Root, _realRoot, _followExternalLinks) = (Path.GetFullPath(root), RealPath.Resolve(root), followExternalLinks);
        Visit(Root, "", _realRoot);
        // Links come last, so that a folder is named by its own path and not by a link to it.
        while (_linkedFolders.TryDequeue(out var link)) Visit(link.Path, link.Name, RealPath.Resolve(link.Path));
        _files.Sort((a, b) => string.CompareOrdinal(a.Name, b.Name));
        _byName = new(() => _files.ToDictionary(f => f.Name, StringComparer.Ordinal));
        _byComposedName = new(() => _files
            .GroupBy(f => Composed(f.Name), StringComparer.Ordinal)
            .ToDictionary(g => g.Key, g => g.First(), StringComparer.Ordinal));
    }

    /// <summary>The full path of the folder.</summary>
    public string Root { get; }

    /// <summary>Regular files, in the ordinal order of their names.</summary>
    public IReadOnlyList<DatasetFile> Files => _files;

    /// <summary>Files and folders that were left out, by reason.</summary>
    public LeftOut LeftOut { get; } = new();

    /// <summary>Scans a folder.</summary>
    /// <exception cref="IOException">The folder cannot be read.</exception>
    public static DatasetFolder Scan(string root, bool followExternalLinks) => new(root, followExternalLinks);

    /// <summary>
    /// Finds a file by name; otherwise the one whose name differs only in Unicode form (NFC, NFD) or in the case of its extension.
    /// </summary>
    public DatasetFile? Find(string name) =>
        _byName.Value.TryGetValue(name, out DatasetFile exact) ? exact
        : _byComposedName.Value.TryGetValue(Composed(name), out DatasetFile file) ? file
        : null;

    /// <summary>Whether a path may be read: it lies within the folder after following links, or external links are allowed.</summary>
    public bool Allows(string path) => Target(path) is { } target && IsAllowed(target);

    private bool IsAllowed(string target) => _followExternalLinks || RealPath.IsWithin(target, _realRoot);

    /// <summary>The target of a path; null for a broken link.</summary>
    private static string? Target(string path)
    {
        try
        {
            return RealPath.Resolve(path) is var target && Path.Exists(target) ? target : null;
        }
        catch (IOException)
        {
            return null;
        }
    }

    private static string Composed(string name)
    {
        string extension = Path.GetExtension(name);
        return UnicodeNfc.Normalize(name[..^extension.Length]) + extension.ToLowerInvariant();
    }

    private void Visit(string folder, string prefix, string real)
    {
        if (!_visited.Add(real)) return;
        foreach (FileSystemInfo entry in new DirectoryInfo(folder).EnumerateFileSystemInfos().OrderBy(e => e.Name, StringComparer.Ordinal))
        {
            string name = prefix + entry.Name;
            bool isFolder = entry.Attributes.HasFlag(FileAttributes.Directory);
            if (IsHidden(entry)) LeftOut.Add("hidden", isFolder ? name + "/" : name);
            else if (entry.LinkTarget is not null) VisitLink(entry, name);
            else if (isFolder) Visit(entry.FullName, name + "/", Path.Combine(real, entry.Name));
            else Add(entry.FullName, name);
        }
    }

    private void VisitLink(FileSystemInfo link, string name)
    {
        if (Target(link.FullName) is not { } target) LeftOut.Add("links that lead nowhere", name);
        else if (!IsAllowed(target))
            LeftOut.Add($"links out of the folder ({nameof(StoredImagesOptions.FollowExternalLinks)} follows them)", name);
        else if (Directory.Exists(target)) _linkedFolders.Enqueue((link.FullName, name + "/"));
        else Add(link.FullName, name);
    }

    private void Add(string path, string name)
    {
        if (RegularFile.Is(path)) _files.Add(new DatasetFile(path, name));
        else LeftOut.Add("pipes, sockets and devices", name);
    }

    private static bool IsHidden(FileSystemInfo entry) =>
        entry.Name.StartsWith('.')
        || entry.Attributes.HasFlag(FileAttributes.Hidden)
        || s_systemFolders.Contains(entry.Name, StringComparer.OrdinalIgnoreCase);
}
