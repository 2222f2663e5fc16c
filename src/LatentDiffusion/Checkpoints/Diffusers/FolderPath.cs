namespace LatentDiffusion;

/// <summary>Paths within a model's folder, none of which leads out of it.</summary>
internal static class FolderPath
{
    /// <summary>The folder of one component.</summary>
    /// <param name="root">The model's folder.</param>
    /// <param name="name">Name of the component, a plain name.</param>
    /// <exception cref="CheckpointException">The name, or a link there, leads out of the folder.</exception>
    /// <exception cref="DirectoryNotFoundException">There is no such folder.</exception>
    public static string Component(string root, string name)
    {
        if (name is "" or "." or ".." || name != Path.GetFileName(name) || name.Contains('\\'))
            throw new CheckpointException(root, $"it names a component '{name}', which is no name of a folder in it.");
        string path = Path.Combine(root, name);
        if (!Directory.Exists(path)) throw new DirectoryNotFoundException($"{root} has no component '{name}'.");
        Check(root, new DirectoryInfo(path));
        CheckFiles(root, path);
        return path;
    }

    /// <summary>Checks that no file of a folder is a link out of the model's folder.</summary>
    /// <exception cref="CheckpointException">One is.</exception>
    public static void CheckFiles(string root, string folder)
    {
        foreach (FileSystemInfo entry in new DirectoryInfo(folder).EnumerateFileSystemInfos()) Check(root, entry);
    }

    /// <summary>Checks that a file or folder is no link out of the model's folder.</summary>
    /// <exception cref="CheckpointException">It is one.</exception>
    public static void Check(string root, FileSystemInfo entry)
    {
        if (entry.LinkTarget is null) return;
        string? target;
        try
        {
            target = entry.ResolveLinkTarget(returnFinalTarget: true)?.FullName;
        }
        catch (IOException e)
        {
            throw new CheckpointException(root, $"the link {entry.Name} in it cannot be followed: {e.Message}", e);
        }

        if (target is null || !Allowed(root).Any(folder => target.StartsWith(folder, StringComparison.Ordinal)))
            throw new CheckpointException(root, $"the link {entry.Name} in it leads out of it, to {target}.");
    }

    /// <summary>
    /// The folder itself; and for a snapshot in a hub's cache or a folder in it, whose files are links to blobs by their
    /// hash, those blobs.
    /// </summary>
    private static IEnumerable<string> Allowed(string root)
    {
        var folder = new DirectoryInfo(root);
        yield return WithSeparator((folder.ResolveLinkTarget(returnFinalTarget: true) ?? folder).FullName);
        yield return WithSeparator(folder.FullName);
        for (DirectoryInfo? above = folder.Parent; above is not null; above = above.Parent)
            if (above is { Name: "snapshots", Parent: { } cache }) yield return WithSeparator(Path.Combine(cache.FullName, "blobs"));
    }

    private static string WithSeparator(string folder) => Path.TrimEndingDirectorySeparator(folder) + Path.DirectorySeparatorChar;
}
