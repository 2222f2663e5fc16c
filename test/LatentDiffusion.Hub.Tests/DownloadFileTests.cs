using Xunit;

namespace LatentDiffusion.Hub.Tests;

public sealed class DownloadFileTests : IDisposable
{
    private const string File = "folder/style.safetensors";
    private const int Size = 200_000;

    private readonly TestHub _test = new();
    private readonly Content _content = Content.Random(1, Size);

    public DownloadFileTests() => _test.Server.Add(TestHub.Id, File, _content);

    [Fact]
    public async Task A_file_gets_the_layout_of_huggingface_hub()
    {
        using ModelHub hub = _test.Open();
        string path = await hub.DownloadFileAsync(TestHub.Id, File);

        Assert.Equal(Path.Combine(_test.Repository, "snapshots", HostileServer.Commit, "folder", "style.safetensors"), path);
        Assert.Equal(_content.Bytes, System.IO.File.ReadAllBytes(path));
        Assert.Equal(HostileServer.Commit, System.IO.File.ReadAllText(Path.Combine(_test.Repository, "refs", "main")));
        Assert.Equal(_content.Bytes, System.IO.File.ReadAllBytes(_test.Blob(_content)));
        Assert.False(System.IO.File.Exists(_test.Unfinished(_content)));
        Assert.True(System.IO.File.Exists(
            Path.Combine(_test.Cache, ".locks", "models--organisation--model", $"{_content.Tag}.lock")));
        if (!OperatingSystem.IsWindows())
            Assert.Equal($"../../../blobs/{_content.Tag}", new FileInfo(path).LinkTarget);
    }

    [Fact]
    public async Task A_small_file_is_checked_by_the_hash_of_git()
    {
        var text = Content.Text("{ \"a\": 1 }");
        Assert.Equal(40, text.Tag.Length);
        _test.Server.Add(TestHub.Id, "config.json", text);
        using ModelHub hub = _test.Open();
        Assert.Equal(text.Bytes, System.IO.File.ReadAllBytes(await hub.DownloadFileAsync(TestHub.Id, "config.json")));

        _test.Server.Add(TestHub.Id, "wrong.json", Content.Text("{ \"b\": 1 }"));
        _test.Server.OnContent = (_, _) => new Answer { WrongFrom = 3 };
        await Assert.ThrowsAsync<HubIntegrityException>(() => hub.DownloadFileAsync(TestHub.Id, "wrong.json"));
    }

    [Fact]
    public async Task A_cached_file_is_not_downloaded_again()
    {
        using ModelHub hub = _test.Open();
        string path = await hub.DownloadFileAsync(TestHub.Id, File);
        int requests = _test.Server.Requests;
        Assert.Equal(path, await hub.DownloadFileAsync(TestHub.Id, File, HostileServer.Commit));
        Assert.Equal(requests, _test.Server.Requests);
        Assert.Equal(path, await hub.DownloadFileAsync(TestHub.Id, File));
        Assert.Equal(requests + 1, _test.Server.Requests);
        Assert.Single(_test.Server.Sent);
    }

    [Fact]
    public async Task A_file_of_another_program_is_resumed_after_its_last_byte()
    {
        const int Present = 70_001;
        Directory.CreateDirectory(Path.GetDirectoryName(_test.Blob(_content))!);
        System.IO.File.WriteAllBytes(_test.Unfinished(_content), _content.Bytes[..Present]);
        using ModelHub hub = _test.Open();
        Assert.Equal(_content.Bytes, System.IO.File.ReadAllBytes(await hub.DownloadFileAsync(TestHub.Id, File)));
        SentPart part = Assert.Single(_test.Server.Sent);
        Assert.Equal((Present, Size - Present), (part.Start, part.Bytes));
    }

    [Theory]
    [InlineData(1000)]
    [InlineData(Size)]
    [InlineData(Size + 5)]
    public async Task Wrong_bytes_of_another_program_are_replaced(int present)
    {
        Directory.CreateDirectory(Path.GetDirectoryName(_test.Blob(_content))!);
        System.IO.File.WriteAllBytes(_test.Unfinished(_content), new byte[present]);
        using ModelHub hub = _test.Open();
        Assert.Equal(_content.Bytes, System.IO.File.ReadAllBytes(await hub.DownloadFileAsync(TestHub.Id, File)));
    }

    [Fact]
    public async Task A_cancelled_download_stays_and_is_resumed()
    {
        using var cancellation = new CancellationTokenSource();
        using ModelHub hub = _test.Open();
        _test.Server.Sending = (_, bytes, stop) =>
        {
            if (bytes < 100_000) return Task.CompletedTask;
            cancellation.CancelAfter(TimeSpan.FromMilliseconds(50));
            return Task.Delay(Timeout.Infinite, stop);
        };
        await Assert.ThrowsAnyAsync<OperationCanceledException>(
            () => hub.DownloadFileAsync(TestHub.Id, File, cancellationToken: cancellation.Token));
        _test.CheckNames();
        long present = new FileInfo(_test.Unfinished(_content)).Length;
        Assert.InRange(present, 1, Size - 1);

        _test.Server.Sending = null;
        _test.Server.Forget();
        Assert.Equal(_content.Bytes, System.IO.File.ReadAllBytes(await hub.DownloadFileAsync(TestHub.Id, File)));
        Assert.Equal(Size - present, _test.Server.Sent.Sum(part => part.Bytes));
    }

    [Fact]
    public async Task Several_calls_at_once_download_once()
    {
        using ModelHub one = _test.Open(), other = _test.Open();
        string[] paths = await Task.WhenAll(
            Enumerable.Range(0, 8).Select(i => (i % 2 == 0 ? one : other).DownloadFileAsync(TestHub.Id, File)));
        Assert.Single(paths.Distinct());
        Assert.Equal(Size, _test.Server.Sent.Sum(part => part.Bytes));
        Assert.Equal(_content.Bytes, System.IO.File.ReadAllBytes(paths[0]));
    }

    [Fact]
    public async Task Without_links_the_snapshot_has_the_file()
    {
        using ModelHub hub = _test.Open(options => options.UseSymbolicLinks = false);
        string path = await hub.DownloadFileAsync(TestHub.Id, File);
        Assert.Null(new FileInfo(path).LinkTarget);
        Assert.Equal(_content.Bytes, System.IO.File.ReadAllBytes(path));

        // The blob of another path is copied.
        _test.Server.Add(TestHub.Id, "a.bin", Content.Random(2, 1000));
        _test.Server.Add(TestHub.Id, "b.bin", Content.Random(2, 1000));
        using ModelHub linking = _test.Open();
        await linking.DownloadFileAsync(TestHub.Id, "a.bin");
        string copy = await hub.DownloadFileAsync(TestHub.Id, "b.bin");
        Assert.Null(new FileInfo(copy).LinkTarget);
        Assert.Equal(Content.Random(2, 1000).Bytes, System.IO.File.ReadAllBytes(copy));
        Assert.Single(_test.Server.Sent, part => part.Path != File);
    }

    [Fact]
    public async Task Progress_grows_to_the_size()
    {
        var reports = new List<HubProgress>();
        using ModelHub hub = _test.Open();
        await hub.DownloadFileAsync(TestHub.Id, File, progress: new Receiver(reports));
        HubProgress last = reports[^1];
        Assert.Equal((Size, Size, 1, 1, File), (last.CompletedBytes, last.TotalBytes, last.CompletedFiles, last.TotalFiles, last.File));
        Assert.Equal(reports.Select(report => report.CompletedBytes).Order(), reports.Select(report => report.CompletedBytes));
    }

    public void Dispose() => _test.Dispose();

    private sealed class Receiver(List<HubProgress> reports) : IProgress<HubProgress>
    {
        public void Report(HubProgress value)
        {
            lock (reports) reports.Add(value);
        }
    }
}
