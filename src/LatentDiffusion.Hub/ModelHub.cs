using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;

namespace LatentDiffusion.Hub;

/// <summary>
/// Downloads published models from Hugging Face, or a mirror, into the cache of huggingface_hub: what Python downloaded is used, and
/// the reverse. Interrupted downloads are resumed, every file is checked by size and hash before it gets its name, and several
/// processes download a file once. Safe for concurrent use.
/// </summary>
public sealed class ModelHub : IDisposable
{
    /// <summary>Name of the <see cref="HttpClient"/> that the hub takes from <see cref="IHttpClientFactory"/>.</summary>
    public const string HttpClientName = "LatentDiffusion.Hub";

    private const string MainBranch = "main";

    private static readonly Lazy<ModelHub> s_shared = new(() => new ModelHub());

    private readonly HubConnection _hub;
    private readonly ServiceProvider? _owned;

    /// <summary>Creates a hub with its own HTTP connections.</summary>
    /// <param name="options">The options; null for the defaults, which follow the environment variables.</param>
    /// <param name="loggers">Where it logs; null for nowhere.</param>
    /// <exception cref="ArgumentException">An option is out of its range; the message names it.</exception>
    /// <exception cref="HubException">An environment variable has a value that cannot be used.</exception>
    public ModelHub(ModelHubOptions? options = null, ILoggerFactory? loggers = null)
    {
        ModelHubOptions copy = options?.Copy() ?? new ModelHubOptions();
        copy.Validate();
        var services = new ServiceCollection();
        HubHttp.AddTo(services, _ => copy, _ => LoggerOf(loggers));
        _owned = services.BuildServiceProvider();
        _hub = Connect(_owned.GetRequiredService<IHttpClientFactory>(), copy, loggers);
    }

    internal ModelHub(IHttpClientFactory clients, ModelHubOptions options, ILoggerFactory? loggers) =>
        _hub = Connect(clients, options.Copy(), loggers);

    /// <summary>The hub with default options, created at the first use. It is not disposed.</summary>
    public static ModelHub Shared => s_shared.Value;

    /// <summary>The folder of the cache.</summary>
    public string CacheFolder => _hub.Settings.Cache;

    /// <summary>Whether a text has the form of a repository's id: <c>organisation/name</c>, or <c>name</c> for some old ones.</summary>
    /// <param name="text">The text.</param>
    /// <exception cref="ArgumentNullException">The text is null.</exception>
    public static bool IsRepositoryId(string text)
    {
        ArgumentNullException.ThrowIfNull(text);
        return RepositoryId.IsValid(text);
    }

    /// <summary>Lists the files of a repository.</summary>
    /// <param name="id">The repository, for example <c>organisation/name</c>.</param>
    /// <param name="revision">A branch, tag or commit; null for <c>main</c>.</param>
    /// <param name="cancellationToken">Cancels the request.</param>
    /// <returns>The commit of the revision and its files with their sizes; without a connection, those in the cache.</returns>
    /// <exception cref="ArgumentException">The id or the revision is not of its form.</exception>
    /// <exception cref="HubNotFoundException">The repository or the revision does not exist.</exception>
    /// <exception cref="HubAccessException">The repository is gated or private, and the token missing or not permitted.</exception>
    /// <exception cref="HubOfflineException">The hub cannot be reached or asked, and the cache does not have the revision.</exception>
    /// <exception cref="HubException">The hub's answer cannot be used; the message says why.</exception>
    public Task<HubRepository> GetRepositoryAsync(string id, string? revision = null, CancellationToken cancellationToken = default) =>
        ListAsync(RepositoryId.Parse(id), Revision(revision), cancellationToken);

    /// <summary>
    /// Downloads a model: its <c>model_index.json</c>, and of each component that the library reads the configuration, the tokenizer's
    /// files and one set of weights, safetensors before PyTorch's. A repository of a single network, such as a ControlNet or an
    /// autoencoder, has these files at its root.
    /// </summary>
    /// <param name="id">The repository, for example <c>organisation/name</c>.</param>
    /// <param name="revision">A branch, tag or commit; null for <c>main</c>.</param>
    /// <param name="variant">Variant of the weights to prefer, for example <c>fp16</c>; null for the plain ones.</param>
    /// <param name="progress">Receives the progress, ten times a second at most, on any thread; null for no reports.</param>
    /// <param name="cancellationToken">Cancels the download, which the next call resumes.</param>
    /// <returns>The folder of the model, for <see cref="DiffusionPipelineBuilder.UseModelFolder"/>.</returns>
    /// <exception cref="HubNotFoundException">The repository, the revision, a component or its weights do not exist.</exception>
    /// <exception cref="HubOfflineException">The hub cannot be reached or asked, and a file is not in the cache.</exception>
    /// <exception cref="HubIntegrityException">A file has another size or hash than the hub says, also when downloaded again.</exception>
    /// <exception cref="HubDiskFullException">The disk of the cache has too little space.</exception>
    /// <exception cref="InvalidDataException">The model's index, or an index of its weights, cannot be read.</exception>
    /// <inheritdoc cref="GetRepositoryAsync" path="/exception[@cref!='T:LatentDiffusion.Hub.HubNotFoundException']"/>
    public async Task<string> DownloadModelAsync(
        string id, string? revision = null, string? variant = null, IProgress<HubProgress>? progress = null,
        CancellationToken cancellationToken = default)
    {
        RepositoryId repositoryId = RepositoryId.Parse(id);
        if (variant is { Length: 0 })
            throw new ArgumentException("The variant is empty; expected a name such as fp16, or null.", nameof(variant));
        HubRepository repository = await ListAsync(repositoryId, Revision(revision), cancellationToken).ConfigureAwait(false);
        var selection = new ModelSelection(repository, variant);
        var download = new SnapshotDownload(_hub, repositoryId, repository, progress);
        IReadOnlyList<string> files;
        if (selection.IsPipeline)
        {
            await download.RunAsync([ModelIndexFile.Name], cancellationToken).ConfigureAwait(false);
            files = selection.Components(ModelIndexFile.Components(download.PathOf(ModelIndexFile.Name), ModelSelection.IsRead));
        }
        else if (selection.IsNetwork) files = selection.Network("");
        else throw NoModel(repository);
        // Small files first: the indices among them name further weights.
        await download.RunAsync([.. files.Where(file => !IsWeights(file))], cancellationToken, also: files).ConfigureAwait(false);
        string[] shards = [.. files.Where(ModelSelection.IsIndex).SelectMany(index => Shards(download, index))];
        await download.RunAsync([.. files.Where(IsWeights), .. shards], cancellationToken).ConfigureAwait(false);
        return download.Folder;
    }

    /// <summary>Downloads the files that a condition chooses.</summary>
    /// <param name="id">The repository, for example <c>organisation/name</c>.</param>
    /// <param name="choose">Whether to download a file.</param>
    /// <param name="revision">A branch, tag or commit; null for <c>main</c>.</param>
    /// <param name="progress">Receives the progress, ten times a second at most, on any thread; null for no reports.</param>
    /// <param name="cancellationToken">Cancels the download, which the next call resumes.</param>
    /// <returns>The folder of the repository's files; it has at least the chosen ones.</returns>
    /// <exception cref="HubNotFoundException">The repository or the revision does not exist, or no file is chosen.</exception>
    /// <inheritdoc cref="DownloadModelAsync" path="/exception[@cref!='T:LatentDiffusion.Hub.HubNotFoundException']"/>
    public async Task<string> DownloadFilesAsync(
        string id, Func<HubFile, bool> choose, string? revision = null, IProgress<HubProgress>? progress = null,
        CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(choose);
        RepositoryId repositoryId = RepositoryId.Parse(id);
        HubRepository repository = await ListAsync(repositoryId, Revision(revision), cancellationToken).ConfigureAwait(false);
        string[] files = [.. repository.Files.Where(choose).Select(file => file.Path)];
        if (files.Length == 0)
            throw new HubNotFoundException(HubEntryKind.File, $"None of the {repository.Files.Count} files of '{id}' is chosen.");
        var download = new SnapshotDownload(_hub, repositoryId, repository, progress);
        await download.RunAsync(files, cancellationToken).ConfigureAwait(false);
        return download.Folder;
    }

    /// <summary>Downloads one file, for example a LoRA or a single-file model.</summary>
    /// <param name="id">The repository, for example <c>organisation/name</c>.</param>
    /// <param name="file">Its path in the repository, for example <c>style.safetensors</c>.</param>
    /// <param name="revision">A branch, tag or commit; null for <c>main</c>.</param>
    /// <param name="progress">Receives the progress, ten times a second at most, on any thread; null for no reports.</param>
    /// <param name="cancellationToken">Cancels the download, which the next call resumes.</param>
    /// <returns>Path of the file.</returns>
    /// <exception cref="ArgumentException">The id, the revision or the path is not of its form.</exception>
    /// <exception cref="HubNotFoundException">The repository, the revision or the file does not exist.</exception>
    /// <inheritdoc cref="DownloadModelAsync" path="/exception[@cref!='T:LatentDiffusion.Hub.HubNotFoundException']"/>
    public async Task<string> DownloadFileAsync(
        string id, string file, string? revision = null, IProgress<HubProgress>? progress = null,
        CancellationToken cancellationToken = default)
    {
        ArgumentException.ThrowIfNullOrEmpty(file);
        if (!HubPath.IsRelative(file))
        {
            throw new ArgumentException(
                $"'{MessageText.Truncate(file, 100)}' is not a path in a repository, such as 'folder/name'.", nameof(file));
        }

        RepositoryId repositoryId = RepositoryId.Parse(id);
        string wanted = Revision(revision);
        var cache = new HubCache(_hub.Settings.Cache, repositoryId);
        string? known = cache.Commit(wanted) is { } commit && File.Exists(cache.File(commit, file)) ? cache.File(commit, file) : null;
        // A commit does not change; a branch does.
        if (known is not null && (_hub.Settings.Offline || cache.Commit(wanted) == wanted)) return known;
        if (_hub.Settings.Offline) throw Offline(new HubSubject(repositoryId, wanted, file));
        try
        {
            var fetch = new FileFetch(_hub, repositoryId, new DownloadProgress(progress));
            (string path, string fetched) = await fetch.RunAsync(wanted, file, cancellationToken).ConfigureAwait(false);
            cache.SetCommit(wanted, fetched);
            return path;
        }
        catch (HubOfflineException e) when (known is not null)
        {
            _hub.Logger.Unreachable(e.Message, known);
            return known;
        }
    }

    /// <summary>Closes the connections. Those of a container's <see cref="IHttpClientFactory"/> stay.</summary>
    public void Dispose() => _owned?.Dispose();

    internal static ILogger LoggerOf(ILoggerFactory? loggers) => (loggers ?? NullLoggerFactory.Instance).CreateLogger<ModelHub>();

    private static HubConnection Connect(IHttpClientFactory clients, ModelHubOptions options, ILoggerFactory? loggers)
    {
        var settings = new HubSettings(options, Environment.GetEnvironmentVariable);
        return new HubConnection(new HubClient(clients, options, settings), options, settings, LoggerOf(loggers));
    }

    private async Task<HubRepository> ListAsync(RepositoryId id, string revision, CancellationToken cancellationToken)
    {
        var cache = new HubCache(_hub.Settings.Cache, id);
        var subject = new HubSubject(id, revision);
        if (_hub.Settings.Offline) return Cached(cache, subject) ?? throw Offline(subject);
        try
        {
            HubRepository found =
                await RepositoryListing.ReadAsync(_hub.Client, _hub.Settings, subject, cancellationToken).ConfigureAwait(false);
            cache.SetCommit(revision, found.Commit);
            return found;
        }
        catch (HubOfflineException e) when (Cached(cache, subject) is { } cached)
        {
            _hub.Logger.Unreachable(e.Message, cache.Snapshot(cached.Commit));
            return cached;
        }
    }

    private static HubRepository? Cached(HubCache cache, HubSubject subject) =>
        cache.Commit(subject.Revision) is { } commit && cache.Files(commit) is { Count: > 0 } files
            ? new HubRepository(subject.Id.Text, commit, files) { IsOffline = true }
            : null;

    private static IEnumerable<string> Shards(SnapshotDownload download, string index)
    {
        string folder = index[..(index.LastIndexOf('/') + 1)];
        return ModelIndexFile.Shards(download.PathOf(index)).Select(name => folder + name);
    }

    private static bool IsWeights(string path) => Path.GetExtension(path) is ".safetensors" or ".bin";

    private static string Revision(string? revision)
    {
        if (revision is null) return MainBranch;
        return HubPath.IsRelative(revision) ? revision : throw new ArgumentException(
            $"'{MessageText.Truncate(revision, 100)}' is not a branch, tag or commit.", nameof(revision));
    }

    private HubOfflineException Offline(HubSubject subject) => new(
        $"{subject} is not in the cache '{_hub.Settings.Cache}', and the hub is not asked (ModelHubOptions.Offline or HF_HUB_OFFLINE).");

    private static HubException NoModel(HubRepository repository) => repository.IsOffline
        ? new HubOfflineException($"The cache has no {ModelIndexFile.Name} of '{repository.Id}' at {repository.Commit}.")
        : new HubNotFoundException(
            HubEntryKind.File, $"'{repository.Id}' has neither {ModelIndexFile.Name} nor config.json: it is not a model in the layout of "
            + $"diffusers. Download a single file with {nameof(DownloadFileAsync)}.");
}
