namespace LatentDiffusion.Hub;

/// <summary>Brings one file of a repository into the cache.</summary>
internal sealed class FileFetch(HubConnection hub, RepositoryId id, DownloadProgress progress)
{
    private readonly HubCache _cache = new(hub.Settings.Cache, id);

    /// <summary>Downloads a file unless the cache has it.</summary>
    /// <param name="revision">A commit, branch or tag.</param>
    /// <param name="file">Path in the repository, already checked.</param>
    /// <param name="cancellationToken">Cancels the download, which is resumed the next time.</param>
    /// <returns>Path of the file in its snapshot, and its commit.</returns>
    public async Task<(string Path, string Commit)> RunAsync(string revision, string file, CancellationToken cancellationToken)
    {
        var subject = new HubSubject(id, revision, file);
        FileMetadata metadata = await FileMetadata.ReadAsync(hub.Client, hub.Settings, subject, cancellationToken).ConfigureAwait(false);
        string path = _cache.File(metadata.Commit, file);
        if (!File.Exists(path))
        {
            // Who was waiting finds the other's blob.
            bool isNew = false;
            using (await HubLock.AcquireAsync(
                _cache.Lock(metadata.Tag), () => hub.Logger.Waiting(subject.ToString(), _cache.Lock(metadata.Tag)), cancellationToken)
                .ConfigureAwait(false))
            {
                if (!File.Exists(path))
                {
                    isNew = !_cache.HasBlob(metadata);
                    if (isNew) await DownloadAsync(subject, metadata, cancellationToken).ConfigureAwait(false);
                    _cache.Link(metadata, file, isNew, hub.Options.UseSymbolicLinks, hub.Logger);
                }
            }
        }

        progress.Complete(file);
        return (path, metadata.Commit);
    }

    private async Task DownloadAsync(HubSubject subject, FileMetadata metadata, CancellationToken cancellationToken)
    {
        string unfinished = _cache.Unfinished(metadata.Tag);
        Directory.CreateDirectory(Path.GetDirectoryName(unfinished)!);
        long present = File.Exists(unfinished) ? new FileInfo(unfinished).Length : 0;
        RequireSpace(subject, unfinished, metadata.Size - present);
        hub.Logger.Downloading(subject.ToString(), metadata.Size, present);
        if (!BlobHash.IsChecked(metadata.Tag)) hub.Logger.Unchecked(subject.ToString(), metadata.Tag);
        progress.Set(subject.File!, present, metadata.Size);
        await new BlobDownload(hub, subject, metadata, progress).RunAsync(unfinished, cancellationToken).ConfigureAwait(false);
        _cache.Publish(metadata.Tag);
    }

    private static void RequireSpace(HubSubject subject, string path, long? bytes)
    {
        try
        {
            long free = new DriveInfo(Path.GetDirectoryName(path)!).AvailableFreeSpace;
            if (bytes > free)
                throw new HubDiskFullException($"{subject} needs {bytes} more bytes, and the disk of '{path}' has {free} bytes free.");
        }
        catch (Exception e) when (e is UnauthorizedAccessException or ArgumentException || (e is IOException and not HubException))
        {
            // Network folders may not say. Then writing does.
        }
    }
}
