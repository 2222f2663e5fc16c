namespace LatentDiffusion.Hub;

/// <summary>Downloads files of one commit, several at a time.</summary>
/// <param name="hub">The hub.</param>
/// <param name="id">The repository.</param>
/// <param name="repository">Its commit and files.</param>
/// <param name="receiver">Receives the progress.</param>
internal sealed class SnapshotDownload(HubConnection hub, RepositoryId id, HubRepository repository, IProgress<HubProgress>? receiver)
{
    private readonly HubCache _cache = new(hub.Settings.Cache, id);
    private readonly DownloadProgress _progress = new(receiver);

    public string Folder => _cache.Snapshot(repository.Commit);

    public string PathOf(string file) => _cache.File(repository.Commit, file);

    /// <summary>Downloads the files that are not in the cache.</summary>
    /// <param name="files">The files.</param>
    /// <param name="cancellationToken">Cancels the downloads, which are resumed the next time.</param>
    /// <param name="also">Files that will follow, for the totals of the progress.</param>
    /// <exception cref="HubException">A file cannot be downloaded; the message says why. The others stay as far as they are.</exception>
    public async Task RunAsync(IReadOnlyList<string> files, CancellationToken cancellationToken, IReadOnlyList<string>? also = null)
    {
        string[] missing = [.. files.Where(file => !File.Exists(PathOf(file)))];
        if (missing.Length > 0 && repository.IsOffline)
        {
            throw new HubOfflineException(
                $"{new HubSubject(id, repository.Commit, missing[0])} is not in the cache '{hub.Settings.Cache}', "
                + "and the hub is not asked or not reached.");
        }

        foreach (string file in missing.Concat(also ?? []).Where(file => !File.Exists(PathOf(file)))) _progress.Add(file, SizeOf(file));
        var fetch = new FileFetch(hub, id, _progress);
        var parallel = new ParallelOptions { MaxDegreeOfParallelism = hub.Options.ParallelFiles, CancellationToken = cancellationToken };
        await Parallel.ForEachAsync(
            missing, parallel, async (file, stop) => await FetchAsync(fetch, file, stop).ConfigureAwait(false)).ConfigureAwait(false);
    }

    private async Task FetchAsync(FileFetch fetch, string file, CancellationToken cancellationToken)
    {
        (_, string commit) = await fetch.RunAsync(repository.Commit, file, cancellationToken).ConfigureAwait(false);
        if (commit != repository.Commit)
            throw new HubException($"{new HubSubject(id, repository.Commit, file)}: the hub sends it from the commit '{commit}'.");
    }

    private long SizeOf(string file) => repository.Files.FirstOrDefault(known => known.Path == file)?.Size ?? 0;
}
