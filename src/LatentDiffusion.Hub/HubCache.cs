using Microsoft.Extensions.Logging;

namespace LatentDiffusion.Hub;

/// <summary>One repository in a cache with the layout of huggingface_hub.</summary>
/// <param name="root">The cache.</param>
/// <param name="id">The repository.</param>
internal sealed class HubCache(string root, RepositoryId id)
{
    private const int CommitLength = 40;

    private readonly string _folder = Path.Combine(root, id.Folder);

    public string Blob(string tag) => Path.Combine(_folder, "blobs", tag);

    public string Unfinished(string tag) => $"{Blob(tag)}.incomplete";

    public string Lock(string tag) => Path.Combine(root, ".locks", id.Folder, $"{tag}.lock");

    public string Snapshot(string commit) => Path.Combine(_folder, "snapshots", commit);

    public string File(string commit, string file) => HubPath.Under(Snapshot(commit), file);

    /// <summary>The commit of a revision; null if unknown.</summary>
    public string? Commit(string revision)
    {
        if (revision.Length == CommitLength && revision.All(char.IsAsciiHexDigitLower)) return revision;
        string path = Reference(revision);
        if (!System.IO.File.Exists(path)) return null;
        string commit = System.IO.File.ReadAllText(path).Trim();
        return HubPath.IsName(commit) ? commit : null;
    }

    /// <summary>Remembers the commit of a branch or tag.</summary>
    public void SetCommit(string revision, string commit)
    {
        if (revision == commit || Commit(revision) == commit) return;
        string path = Reference(revision);
        Directory.CreateDirectory(Path.GetDirectoryName(path)!);
        AtomicFile.Write(path, commit);
    }

    /// <summary>The files of a snapshot, by their paths in the repository.</summary>
    public IReadOnlyList<HubFile> Files(string commit)
    {
        string folder = Snapshot(commit);
        if (!Directory.Exists(folder)) return [];
        return
        [
            .. Directory.EnumerateFiles(folder, "*", SearchOption.AllDirectories).Where(System.IO.File.Exists)
                .Select(path => Path.GetRelativePath(folder, path).Replace(Path.DirectorySeparatorChar, '/'))
                .Where(HubPath.IsRelative).Order(StringComparer.Ordinal).Select(path => new HubFile(path, null)),
        ];
    }

    /// <summary>Whether a blob is complete. One of another size than the hub says is not.</summary>
    public bool HasBlob(FileMetadata metadata)
    {
        string path = Blob(metadata.Tag);
        if (!System.IO.File.Exists(path)) return false;
        if (metadata.Size is not { } size) return true;
        // The length of a link is not that of the file.
        using FileStream blob = System.IO.File.OpenRead(path);
        return blob.Length == size;
    }

    /// <summary>Gives an unfinished file, checked and flushed, its final name.</summary>
    public void Publish(string tag) => System.IO.File.Move(Unfinished(tag), Blob(tag), overwrite: true);

    /// <summary>Puts a blob into a snapshot: a relative link, or the file itself where the system refuses links.</summary>
    /// <param name="metadata">The file.</param>
    /// <param name="file">Its path in the repository.</param>
    /// <param name="isNew">Whether this download made the blob, so that it may be moved.</param>
    /// <param name="links">Whether to try a link.</param>
    /// <param name="logger">Receives a line if it is refused.</param>
    public void Link(FileMetadata metadata, string file, bool isNew, bool links, ILogger logger)
    {
        string path = File(metadata.Commit, file), blob = Blob(metadata.Tag), folder = Path.GetDirectoryName(path)!;
        if (System.IO.File.Exists(path)) return;
        Directory.CreateDirectory(folder);
        if (links && TryLink(path, Path.GetRelativePath(folder, blob), logger)) return;
        if (isNew)
        {
            System.IO.File.Move(blob, path, overwrite: true);
            return;
        }

        using FileStream content = System.IO.File.OpenRead(blob);
        AtomicFile.Write(path, content.CopyTo);
    }

    private static bool TryLink(string path, string target, ILogger logger)
    {
        try
        {
            // A link that leads nowhere, because someone deleted the blob.
            if (new FileInfo(path).LinkTarget is not null) System.IO.File.Delete(path);
            System.IO.File.CreateSymbolicLink(path, target);
            return true;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or PlatformNotSupportedException)
        {
            // Another process may have been faster.
            if (System.IO.File.Exists(path)) return true;
            logger.LinkRefused(path, e.Message);
            return false;
        }
    }

    private string Reference(string revision) => HubPath.Under(Path.Combine(_folder, "refs"), revision);
}
