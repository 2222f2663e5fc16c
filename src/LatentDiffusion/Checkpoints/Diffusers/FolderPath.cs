namespace LatentDiffusion.Checkpoints;

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
            throw new CheckpointException(root, $"it names a component '{name}', which is not the name of a folder in it.");
        string path = Path.Combine(root, name);
        if (!Directory.Exists(path)) throw new DirectoryNotFoundException($"{root} has no component '{name}'.");
        Check(root, new DirectoryInfo(path));
        CheckFiles(root, path);
        return path;
    }

    /// <summary>Checks that every file of a folder lies within the model's folder, and is not a pipe or a device.</summary>
    /// <exception cref="CheckpointException">One is not.</exception>
    public static void CheckFiles(string root, string folder)
    {
        foreach (FileSystemInfo entry in new DirectoryInfo(folder).EnumerateFileSystemInfos()) Check(root, entry);
    }

    /// <summary>Checks that a file or folder lies within the model's folder, links in every component followed.</summary>
    /// <exception cref="CheckpointException">A link leads out of it or nowhere, or the file is a pipe or a device.</exception>
    public static void Check(string root, FileSystemInfo entry)
    {
        string target;
        try
        {
            target = RealPath.Of(entry.FullName);
        }
        catch (IOException e)
        {
            throw new CheckpointException(root, $"the link {entry.Name} in it cannot be followed: {e.Message}", e);
        }

        if (!Allowed(root).Any(folder => RealPath.IsWithin(target, folder)))
            throw new CheckpointException(root, $"the link {entry.Name} in it leads out of it, to {target}.");
        if (File.Exists(target) && !RegularFile.Is(target))
            throw new CheckpointException(root, $"{entry.Name} in it is not a regular file.");
    }

    /// <summary>
    /// The folder itself; and for a snapshot in a hub's cache or a folder in it, whose files are links to blobs by their
    /// hash, those blobs.
    /// </summary>
    private static IEnumerable<string> Allowed(string root)
    {
        string real = RealPath.Of(root);
        yield return real;
        foreach (string folder in (string[])[real, Path.GetFullPath(root)])
            for (DirectoryInfo? above = new DirectoryInfo(folder).Parent; above is not null; above = above.Parent)
                if (above is { Name: "snapshots", Parent: { } cache }) yield return RealPath.Of(Path.Combine(cache.FullName, "blobs"));
    }
}
