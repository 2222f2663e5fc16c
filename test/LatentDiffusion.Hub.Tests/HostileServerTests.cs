using Xunit;

namespace LatentDiffusion.Hub.Tests;

/// <summary>What a server does wrong: passing faults leave the right bytes, lasting ones an error and no file.</summary>
public sealed class HostileServerTests : IDisposable
{
    private const string File = "weights.safetensors";
    private const int Small = 150_000, Large = 700_000;

    private readonly TestHub _test = new();

    [Theory]
    [InlineData("disconnects", Small)]
    [InlineData("disconnects", Large)]
    [InlineData("disconnects at once", Small)]
    [InlineData("stalls", Small)]
    [InlineData("stalls", Large)]
    [InlineData("ignores ranges", Small)]
    [InlineData("ignores ranges", Large)]
    [InlineData("wrong bytes once", Small)]
    [InlineData("wrong bytes once", Large)]
    [InlineData("other range once", Large)]
    [InlineData("busy", Small)]
    [InlineData("too many requests", Large)]
    [InlineData("announces too much once", Small)]
    public async Task A_passing_fault_leaves_the_right_bytes(string fault, int size)
    {
        Content content = Content.Random(size, size);
        _test.Server.Add(TestHub.Id, File, content);
        _test.Server.OnContent = Fault(fault);
        // On a busy machine an honest answer may pause too, so only this one is waited for so briefly.
        using ModelHub hub = _test.Open(options => { if (fault == "stalls") options.StallTimeout = TimeSpan.FromMilliseconds(300); });
        string path = await hub.DownloadFileAsync(TestHub.Id, File);
        Assert.Equal(content.Bytes, System.IO.File.ReadAllBytes(path));
        _test.CheckNames(content);
        if (fault is "disconnects" or "stalls" or "disconnects at once" or "busy")
            Assert.Equal(size, _test.Server.Sent.Sum(part => part.Bytes));
    }

    [Fact]
    public async Task A_large_file_takes_several_connections_and_grows_at_its_end()
    {
        Content content = Content.Random(3, Large);
        _test.Server.Add(TestHub.Id, File, content);
        bool grewInOrder = true;
        // The first chunk is the last to arrive.
        _test.Server.Sending = async (_, bytes, stop) =>
        {
            if (System.IO.File.Exists(_test.Unfinished(content)))
            {
                await using FileStream file = new(
                    _test.Unfinished(content), FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete);
                byte[] bytesSoFar = new byte[file.Length];
                await file.ReadExactlyAsync(bytesSoFar, stop);
                grewInOrder &= bytesSoFar.AsSpan().SequenceEqual(content.Bytes.AsSpan(0, bytesSoFar.Length));
            }

            if (_test.Server.Sent.Count < 4) await Task.Delay(20, stop);
        };
        using ModelHub hub = _test.Open();
        Assert.Equal(content.Bytes, System.IO.File.ReadAllBytes(await hub.DownloadFileAsync(TestHub.Id, File)));
        Assert.True(grewInOrder);
        Assert.Equal(11, _test.Server.Sent.Count);
        Assert.Equal(Large, _test.Server.Sent.Sum(part => part.Bytes));
    }

    [Theory]
    [InlineData("wrong bytes", Small)]
    [InlineData("wrong bytes", Large)]
    [InlineData("announces too much", Small)]
    [InlineData("announces too much", Large)]
    [InlineData("other range", Large)]
    public async Task A_lie_leaves_no_file(string fault, int size)
    {
        Content content = Content.Random(size, size);
        _test.Server.Add(TestHub.Id, File, content);
        _test.Server.OnContent = Fault(fault);
        using ModelHub hub = _test.Open();
        HubIntegrityException error =
            await Assert.ThrowsAsync<HubIntegrityException>(() => hub.DownloadFileAsync(TestHub.Id, File));
        Assert.Contains(File, error.Message, StringComparison.Ordinal);
        Assert.False(System.IO.File.Exists(_test.Blob(content)));
        Assert.Equal(0, new FileInfo(_test.Unfinished(content)).Length);
    }

    [Theory]
    [InlineData(10)]
    [InlineData(-10)]
    public async Task A_wrong_size_in_the_metadata_leaves_no_file(int extra)
    {
        Content content = Content.Random(5, Small);
        _test.Server.Add(TestHub.Id, File, content);
        _test.Server.OnInformation = (_, _) => new Answer { ExtraSize = extra };
        using ModelHub hub = _test.Open();
        await Assert.ThrowsAsync<HubIntegrityException>(() => hub.DownloadFileAsync(TestHub.Id, File));
        Assert.False(System.IO.File.Exists(_test.Blob(content)));
    }

    [Fact]
    public async Task A_server_that_always_breaks_off_is_an_error_and_the_rest_is_resumed()
    {
        Content content = Content.Random(6, Small);
        _test.Server.Add(TestHub.Id, File, content);
        _test.Server.OnContent = (_, _) => new Answer { DisconnectAfter = 100 };
        using ModelHub hub = _test.Open(options => options.MaxRetries = 2);
        HubException error = await Assert.ThrowsAsync<HubException>(() => hub.DownloadFileAsync(TestHub.Id, File));
        Assert.Contains("broke off 3 times at byte 300", error.Message, StringComparison.Ordinal);
        Assert.Equal(300, new FileInfo(_test.Unfinished(content)).Length);

        _test.Server.OnContent = (_, _) => Answer.Honest;
        _test.Server.Forget();
        Assert.Equal(content.Bytes, System.IO.File.ReadAllBytes(await hub.DownloadFileAsync(TestHub.Id, File)));
        Assert.Equal(Small - 300, _test.Server.Sent.Sum(part => part.Bytes));
    }

    [Fact]
    public async Task An_expired_address_of_the_content_network_is_renewed()
    {
        Content content = Content.Random(7, Large);
        _test.Server.Add(TestHub.Id, File, content);
        _test.Server.Sending = (_, _, _) =>
        {
            if (_test.Server.Sent.Count > 5) _test.Server.ValidSignature = 1000;
            return Task.CompletedTask;
        };
        using ModelHub hub = _test.Open();
        Assert.Equal(content.Bytes, System.IO.File.ReadAllBytes(await hub.DownloadFileAsync(TestHub.Id, File)));
        Assert.Equal(1000, _test.Server.ValidSignature);
    }

    [Fact]
    public async Task A_pause_that_the_server_asks_for_is_kept_or_refused()
    {
        Content content = Content.Random(8, Small);
        _test.Server.Add(TestHub.Id, File, content);
        _test.Server.OnInformation = (_, requests) => requests == 1 ? new Answer { Status = 429, RetryAfter = 1 } : Answer.Honest;
        using ModelHub hub = _test.Open();
        long start = Environment.TickCount64;
        await hub.DownloadFileAsync(TestHub.Id, File);
        Assert.True(Environment.TickCount64 - start >= 900);

        _test.Server.OnInformation = (_, _) => new Answer { Status = 503, RetryAfter = 3600 };
        int requests = _test.Server.Requests;
        HubException error = await Assert.ThrowsAsync<HubException>(() => hub.DownloadFileAsync(TestHub.Id, File));
        Assert.Contains("3600", error.Message, StringComparison.Ordinal);
        Assert.Equal(requests + 1, _test.Server.Requests);
    }

    [Fact]
    public async Task A_list_that_leads_out_of_the_cache_is_refused()
    {
        _test.Server.Add(TestHub.Id, "../../evil.json", Content.Text("{}"));
        using ModelHub hub = _test.Open();
        HubException error = await Assert.ThrowsAsync<HubException>(() => hub.GetRepositoryAsync(TestHub.Id));
        Assert.Contains("leads out of the cache", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_list_that_breaks_off_is_requested_again()
    {
        _test.Server.Add(TestHub.Id, "config.json", Content.Text("{}"));
        _test.Server.OnInformation = (_, requests) => requests < 3 ? new Answer { DisconnectAfter = 10 } : Answer.Honest;
        using ModelHub hub = _test.Open();
        HubRepository repository = await hub.GetRepositoryAsync(TestHub.Id);
        Assert.Equal((HostileServer.Commit, new HubFile("config.json", 2)), (repository.Commit, Assert.Single(repository.Files)));
        Assert.Equal(3, _test.Server.Requests);
    }

    public void Dispose() => _test.Dispose();

    private static Func<string, int, Answer> Fault(string name) => name switch
    {
        "disconnects" => (_, count) => count % 2 == 0 ? new Answer { DisconnectAfter = 40_000 } : Answer.Honest,
        "disconnects at once" => (_, count) => count < 3 ? new Answer { DisconnectAfter = 0 } : Answer.Honest,
        "stalls" => (_, count) => count == 1 ? new Answer { StallAfter = 30_000 } : count == 0 ? new Answer { DisconnectAfter = 10_000 }
            : Answer.Honest,
        "ignores ranges" => (_, count) => new Answer { IgnoresRange = true, DisconnectAfter = count == 0 ? 50_000 : null },
        "wrong bytes once" => (_, count) => count == 0 ? new Answer { WrongFrom = 20_000 } : Answer.Honest,
        "wrong bytes" => (_, _) => new Answer { WrongFrom = 20_000 },
        "other range once" => (_, count) => count == 2 ? new Answer { ShiftsRange = true } : Answer.Honest,
        "other range" => (_, _) => new Answer { ShiftsRange = true },
        "busy" => Once(new Answer { Status = 503 }),
        "too many requests" => Once(new Answer { Status = 429, RetryAfter = 0 }),
        "announces too much once" => (_, count) => count == 0 ? new Answer { ExtraSize = 77 } : Answer.Honest,
        "announces too much" => (_, _) => new Answer { ExtraSize = 77 },
        _ => throw new ArgumentException(name),
    };

    private static Func<string, int, Answer> Once(Answer fault)
    {
        int count = 0;
        return (_, _) => Interlocked.Increment(ref count) == 1 ? fault : Answer.Honest;
    }
}
