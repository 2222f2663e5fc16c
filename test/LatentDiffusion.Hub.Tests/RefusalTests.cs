using Xunit;

namespace LatentDiffusion.Hub.Tests;

/// <summary>Everything that a hub refuses is an exception of its own type, with the remedy.</summary>
public sealed class RefusalTests : IDisposable
{
    private readonly TestHub _test = new();
    private readonly Content _content = Content.Random(1, 50_000);

    public RefusalTests() => _test.Server.Add(TestHub.Id, "a.bin", _content);

    [Theory]
    [InlineData("organisation/other", "a.bin", null, HubEntryKind.Repository)]
    [InlineData(TestHub.Id, "a.bin", "v9", HubEntryKind.Revision)]
    [InlineData(TestHub.Id, "b.bin", null, HubEntryKind.File)]
    public async Task What_does_not_exist_is_named(string id, string file, string? revision, HubEntryKind kind)
    {
        using ModelHub hub = _test.Open();
        HubNotFoundException error =
            await Assert.ThrowsAsync<HubNotFoundException>(() => hub.DownloadFileAsync(id, file, revision));
        Assert.Equal(kind, error.Kind);
        string expected = kind switch { HubEntryKind.Repository => id, HubEntryKind.Revision => revision!, _ => file };
        Assert.Contains($"'{expected}'", error.Message, StringComparison.Ordinal);
        if (kind != HubEntryKind.File)
        {
            Assert.Equal(kind, (await Assert.ThrowsAsync<HubNotFoundException>(() => hub.DownloadModelAsync(id, revision))).Kind);
        }
    }

    [Fact]
    public async Task A_gated_repository_needs_a_token_which_only_the_hub_receives()
    {
        _test.Server.RequiredToken = "hf_right";
        foreach (string wrong in (string[])["", "hf_wrong"])
        {
            using ModelHub refused = _test.Open(options => options.Token = wrong);
            HubAccessException error =
                await Assert.ThrowsAsync<HubAccessException>(() => refused.DownloadFileAsync(TestHub.Id, "a.bin"));
            Assert.Equal(new Uri(_test.Server.Endpoint, TestHub.Id), error.Page);
            Assert.Contains($"accept its licence at {error.Page}", error.Message, StringComparison.Ordinal);
            Assert.Contains("HF_TOKEN", error.Message, StringComparison.Ordinal);
            Assert.DoesNotContain("hf_wrong", error.ToString(), StringComparison.Ordinal);
        }

        using ModelHub hub = _test.Open(options => options.Token = "hf_right");
        Assert.Equal(_content.Bytes, File.ReadAllBytes(await hub.DownloadFileAsync(TestHub.Id, "a.bin")));
        Assert.False(Assert.Single(_test.Server.Sent).HasToken);
    }

    [Fact]
    public async Task Offline_only_the_cache_is_used()
    {
        using ModelHub offline = _test.Open(options => options.Offline = true);
        await Assert.ThrowsAsync<HubOfflineException>(() => offline.DownloadFileAsync(TestHub.Id, "a.bin"));
        await Assert.ThrowsAsync<HubOfflineException>(() => offline.GetRepositoryAsync(TestHub.Id));
        Assert.Equal(0, _test.Server.Requests);

        using ModelHub hub = _test.Open();
        string path = await hub.DownloadFileAsync(TestHub.Id, "a.bin");
        int requests = _test.Server.Requests;
        Assert.Equal(path, await offline.DownloadFileAsync(TestHub.Id, "a.bin"));
        HubRepository repository = await offline.GetRepositoryAsync(TestHub.Id);
        Assert.True(repository.IsOffline);
        Assert.Equal("a.bin", Assert.Single(repository.Files).Path);
        Assert.Equal(requests, _test.Server.Requests);
    }

    [Fact]
    public async Task Without_a_connection_the_cache_is_used()
    {
        using ModelHub hub = _test.Open(options => options.MaxRetries = 1);
        string path = await hub.DownloadFileAsync(TestHub.Id, "a.bin");
        _test.Server.Dispose();
        Assert.Equal(path, await hub.DownloadFileAsync(TestHub.Id, "a.bin"));
        HubOfflineException error =
            await Assert.ThrowsAsync<HubOfflineException>(() => hub.DownloadFileAsync(TestHub.Id, "b.bin"));
        Assert.Contains("cannot be reached", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_file_larger_than_the_disk_is_refused_before_it_is_downloaded()
    {
        _test.Server.OnInformation = (_, _) => new Answer { ExtraSize = 1L << 55 };
        using ModelHub hub = _test.Open();
        HubDiskFullException error =
            await Assert.ThrowsAsync<HubDiskFullException>(() => hub.DownloadFileAsync(TestHub.Id, "a.bin"));
        Assert.Contains("bytes free", error.Message, StringComparison.Ordinal);
        Assert.Empty(_test.Server.Sent);
    }

    [Fact]
    public void A_full_disk_is_recognized_while_writing()
    {
        Assert.SkipUnless(File.Exists("/dev/full"), "This system has no device that is always full.");
        using var file = new GrowingFile("/dev/full");
        Assert.Throws<HubDiskFullException>(() => file.Append(new byte[10]));
    }

    [Theory]
    [InlineData("")]
    [InlineData("a/b/c")]
    [InlineData("../b")]
    [InlineData("a--b/c")]
    [InlineData("a/b..c")]
    [InlineData("a/.b")]
    [InlineData("/a")]
    [InlineData("a b/c")]
    [InlineData("org/name\n")]
    public async Task Other_texts_are_not_ids(string id)
    {
        Assert.False(ModelHub.IsRepositoryId(id));
        using ModelHub hub = _test.Open();
        await Assert.ThrowsAnyAsync<ArgumentException>(() => hub.DownloadModelAsync(id));
        Assert.ThrowsAny<ArgumentException>(() => new DiffusionPipelineBuilder().UseModel(id));
    }

    [Theory]
    [InlineData("org/name")]
    [InlineData("org-1/name_2.0-base")]
    [InlineData("gpt2")]
    public void Ids_are_known(string id) => Assert.True(ModelHub.IsRepositoryId(id));

    [Theory]
    [InlineData("../a", null)]
    [InlineData("/a", null)]
    [InlineData("a\\b", null)]
    [InlineData("a.bin", "../main")]
    [InlineData("a.bin", "a//b")]
    public async Task Paths_that_lead_elsewhere_are_refused(string file, string? revision)
    {
        using ModelHub hub = _test.Open();
        await Assert.ThrowsAsync<ArgumentException>(() => hub.DownloadFileAsync(TestHub.Id, file, revision));
    }

    [Fact]
    public void Options_out_of_their_range_are_named()
    {
        Refused(nameof(ModelHubOptions.ParallelFiles), options => options.ParallelFiles = 0);
        Refused(nameof(ModelHubOptions.ConnectionsPerFile), options => options.ConnectionsPerFile = 65);
        Refused(nameof(ModelHubOptions.ChunkSize), options => options.ChunkSize = 1);
        Refused(nameof(ModelHubOptions.MaxRetries), options => options.MaxRetries = -1);
        Refused(nameof(ModelHubOptions.StallTimeout), options => options.StallTimeout = TimeSpan.Zero);
        Refused(nameof(ModelHubOptions.Endpoint), options => options.Endpoint = new Uri("ftp://a"));
        Refused(nameof(ModelHubOptions.Token), options => options.Token = "a\nb");

        void Refused(string name, Action<ModelHubOptions> change) =>
            Assert.StartsWith(name, Assert.Throws<ArgumentException>(() => _test.Open(change)).Message, StringComparison.Ordinal);
    }

    public void Dispose() => _test.Dispose();
}
