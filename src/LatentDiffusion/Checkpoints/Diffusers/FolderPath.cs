namespace LatentDiffusion.Checkpoints;

/// <summary>Paths within a model's folder, none of which leads out of it.</summary>
internal static class FolderPath
{
    // Written by huggingface_hub into a cache's folder of shared blobs.
    private const string SharedBlobsMarker = ".huggingface-shared-blobs";

    /// <summary>The folder of one component.</summary>
    /// <param name="root">The model's folder.</param>
    /// <param name="name">Name of the component, a plain name.</param>
    /// <exception cref="CheckpointException">The name, or a link there, leads out of the folder.</exception>
    /// <exception cref="DirectoryNotFoundException">The folder does not exist.</exception>
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
            target = RealPath.Resolve(entry.FullName);
        }
        catch (IOException e)
        {
            throw new CheckpointException(root, $"the link {entry.Name} in it cannot be followed: {e.Message}", e);
        }

        if (!AllowedFolders(root).Any(folder => RealPath.IsWithin(target, folder)))
            throw new CheckpointException(root, $"the link {entry.Name} in it leads out of it, to {target}.");
        if (File.Exists(target) && !RegularFile.Is(target))
            throw new CheckpointException(root, $"{entry.Name} in it is not a regular file.");
    }

    /// <summary>
    /// The folder itself. The files of a snapshot in a hub's cache are links to blobs by hash, so the folder of the blobs
    /// is allowed too, and the marked folder of the blobs that the repositories of a cache share.
    /// </summary>
    private static IEnumerable<string> AllowedFolders(string root)
    {
        string real = RealPath.Resolve(root);
        yield return real;
        foreach (string folder in (string[])[real, Path.GetFullPath(root)])
        {
            for (DirectoryInfo? above = new DirectoryInfo(folder).Parent; above is not null; above = above.Parent)
            {
                if (above is not { Name: "snapshots", Parent: { } repository }) continue;
                yield return RealPath.Resolve(Path.Combine(repository.FullName, "blobs"));
                if (repository.Parent is not { } cache) continue;
                string shared = Path.Combine(cache.FullName, "blobs");
                if (File.Exists(Path.Combine(shared, SharedBlobsMarker))) yield return RealPath.Resolve(shared);
            }
        }
    }
}
