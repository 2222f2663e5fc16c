using Xunit;

namespace LatentDiffusion.Hub.Tests;

/// <summary>A hub on this machine with an empty cache, and short pauses.</summary>
internal sealed class TestHub : IDisposable
{
    public const string Id = "organisation/model";

    private readonly DirectoryInfo _cache = Directory.CreateTempSubdirectory("latent-diffusion-hub-");

    public HostileServer Server { get; } = new();

    public string Cache => _cache.FullName;

    public string Repository => Path.Combine(Cache, "models--organisation--model");

    public ModelHubOptions Options => new()
    {
        Endpoint = Server.Endpoint, CacheFolder = Cache, Token = "", Offline = false, RetryDelay = TimeSpan.FromMilliseconds(10),
        AttemptTimeout = TimeSpan.FromSeconds(30), ChunkSize = 1 << 16,
        ParallelThreshold = 1 << 18,
    };

    public ModelHub Open(Action<ModelHubOptions>? change = null)
    {
        ModelHubOptions options = Options;
        change?.Invoke(options);
        return new ModelHub(options);
    }

    public string Blob(Content content) => Path.Combine(Repository, "blobs", content.Tag);

    public string Unfinished(Content content) => $"{Blob(content)}.incomplete";

    /// <summary>Checks that every file with a final name has the right content.</summary>
    public void CheckNames(params IReadOnlyList<Content> contents)
    {
        string blobs = Path.Combine(Repository, "blobs");
        if (!Directory.Exists(blobs)) return;
        foreach (string path in Directory.GetFiles(blobs).Where(path => !path.EndsWith(".incomplete", StringComparison.Ordinal)))
        {
            Content? content = contents.FirstOrDefault(content => content.Tag == Path.GetFileName(path));
            Assert.NotNull(content);
            Assert.Equal(content.Bytes, File.ReadAllBytes(path));
        }
    }

    public void Dispose()
    {
        Server.Dispose();
        _cache.Delete(recursive: true);
    }
}
