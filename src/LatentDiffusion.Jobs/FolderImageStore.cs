namespace LatentDiffusion.Jobs;

/// <summary>
/// Keeps the files of jobs in a folder, with a subfolder for each job. Files are written next to their names and renamed. Machines share a
/// store if the folder is on a network file system.
/// </summary>
public sealed class FolderImageStore : IImageStore
{
    // A sweep deletes folders by age, so a folder of other files must never become a store.
    private const string Marker = ".latent-diffusion-store";

    private readonly string _root;

    /// <summary>Opens or creates a store.</summary>
    /// <param name="folder">Path of the folder. It is created if it is missing.</param>
    /// <exception cref="InvalidOperationException">The folder has files and is not a store.</exception>
    /// <exception cref="IOException">The folder cannot be created or written.</exception>
    public FolderImageStore(string folder)
    {
        ArgumentException.ThrowIfNullOrEmpty(folder);
        _root = Path.GetFullPath(folder);
        string marker = Path.Combine(_root, Marker);
        if (File.Exists(marker)) return;
        Directory.CreateDirectory(_root);
        // Another process may be creating the same store.
        if (Directory.EnumerateFileSystemEntries(_root).Any(path => !Path.GetFileName(path).StartsWith(Marker, StringComparison.Ordinal))
            && !File.Exists(marker))
        {
            throw new InvalidOperationException(
                $"'{MessageText.Truncate(folder, 300)}' has files and is not an image store; expected an empty folder or a new one.");
        }

        AtomicFile.Write(marker, "Images of jobs. Each subfolder has one job's files and is deleted when its retention time is over.\n");
    }

    /// <summary>Path of the folder.</summary>
    public string Folder => _root;

    /// <inheritdoc/>
    public Task WriteAsync(string name, ReadOnlyMemory<byte> content, CancellationToken cancellationToken = default)
    {
        string path = PathOf(name);
        return Task.Run(Write, cancellationToken);

        void Write()
        {
            const int Attempts = 3;
            for (int attempt = 1; ; attempt++)
            {
                Directory.CreateDirectory(Path.GetDirectoryName(path)!);
                try
                {
                    AtomicFile.Write(path, stream => stream.Write(content.Span));
                    return;
                }
                catch (DirectoryNotFoundException) when (attempt < Attempts)
                {
                    // The folder was deleted between the two calls.
                }
            }
        }
    }

    /// <inheritdoc/>
    public Task<Stream?> OpenReadAsync(string name, CancellationToken cancellationToken = default)
    {
        string path = PathOf(name);
        cancellationToken.ThrowIfCancellationRequested();
        try
        {
            return Task.FromResult<Stream?>(File.Exists(path)
                ? new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.Read | FileShare.Delete, 1 << 14, useAsync: true)
                : null);
        }
        catch (Exception e) when (e is FileNotFoundException or DirectoryNotFoundException)
        {
            return Task.FromResult<Stream?>(null);
        }
    }

    /// <inheritdoc/>
    public Task DeleteAsync(string name, CancellationToken cancellationToken = default)
    {
        string path = PathOf(name);
        return Task.Run(
            () =>
            {
                DeleteFolder(path);
                if (File.Exists(path)) File.Delete(path);
            },
            cancellationToken);
    }

    /// <inheritdoc/>
    public Task DeleteOlderAsync(DateTimeOffset moment, CancellationToken cancellationToken = default) => Task.Run(
        () =>
        {
            foreach (var job in new DirectoryInfo(_root).EnumerateDirectories())
            {
                cancellationToken.ThrowIfCancellationRequested();
                if (!StoredName.IsValidPart(job.Name)) continue;
                try
                {
                    // A file that is being written changes its folder's time, too.
                    if (job.LastWriteTimeUtc < moment.UtcDateTime
                        && job.EnumerateFileSystemInfos("*", SearchOption.AllDirectories).All(f => f.LastWriteTimeUtc < moment.UtcDateTime))
                        DeleteFolder(job.FullName);
                }
                catch (DirectoryNotFoundException)
                {
                    // Another process deletes it.
                }
            }
        },
        cancellationToken);

    private static void DeleteFolder(string path)
    {
        const int Attempts = 3;
        for (int attempt = 1; Directory.Exists(path); attempt++)
        {
            try
            {
                Directory.Delete(path, recursive: true);
            }
            catch (DirectoryNotFoundException)
            {
                return;
            }
            catch (IOException) when (attempt < Attempts)
            {
                // A file was added or removed meanwhile.
            }
        }
    }

    private string PathOf(string name)
    {
        StoredName.Check(name);
        return Path.Combine(_root, Path.Combine(name.Split('/')));
    }
}
