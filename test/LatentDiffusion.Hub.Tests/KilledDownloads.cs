using System.Collections.Concurrent;
using System.Diagnostics;
using System.Globalization;
using Xunit;

namespace LatentDiffusion.Hub.Tests;

/// <summary>
/// Many downloads from the hostile server. One third runs in processes that are killed midway, and is then resumed. What is checked
/// of each: no partial file has a final name, the bytes are right, and only the missing part is fetched again.
/// </summary>
internal sealed class KilledDownloads : IDisposable
{
    private const int Smallest = 1 << 16, Largest = 1 << 20;
    private const string File = "weights.safetensors";

    private readonly DirectoryInfo _cache = Directory.CreateTempSubdirectory("latent-diffusion-kills-");
    private int _killed, _exactlyResumed;
    private long _total, _present, _fetched;

    /// <summary>The figures of the run.</summary>
    public string Summary => string.Create(
        CultureInfo.InvariantCulture,
        $"{_killed} killed; {_exactlyResumed} resumed with exactly the missing bytes; killed downloads of {_total} bytes had "
        + $"{_present} bytes on disk, and {_fetched} were fetched after the kills");

    public int Killed => _killed;

    /// <summary>Runs the downloads, two at a time.</summary>
    public async Task RunAsync(int count)
    {
        var parallel = new ParallelOptions { MaxDegreeOfParallelism = 2 };
        await Parallel.ForEachAsync(Enumerable.Range(0, count), parallel, async (index, _) => await RunOneAsync(index));
    }

    /// <summary>Starts a process that downloads a file into a cache.</summary>
    public static Process Start(HostileServer server, string cache, string id) => Process.Start(
        new ProcessStartInfo("dotnet", [BuildSettings.Downloader, "file", server.Endpoint.AbsoluteUri, cache, id, File])
        {
            RedirectStandardOutput = true, RedirectStandardError = true,
        })!;

    public void Dispose() => _cache.Delete(recursive: true);

    private async Task RunOneAsync(int index)
    {
        var random = new Random(index);
        string id = $"organisation/model-{index}", folder = Path.Combine(_cache.FullName, $"models--organisation--model-{index}");
        Content content = Content.Random(index, random.Next(Smallest, Largest));
        using var server = new HostileServer();
        server.Add(id, File, content);
        string fault = s_faults[index % s_faults.Length];
        server.OnContent = Faults(fault, random);
        string blob = Path.Combine(folder, "blobs", content.Tag), unfinished = $"{blob}.incomplete";
        long present = 0;
        bool isKilled = index % 3 == 0;
        if (isKilled)
        {
            await KillAsync(server, id, random.Next(1, content.Bytes.Length));
            Assert.False(System.IO.File.Exists(blob), $"{id}: a killed download has a final name");
            Assert.False(System.IO.File.Exists(Path.Combine(folder, "snapshots", HostileServer.Commit, File)));
            present = System.IO.File.Exists(unfinished) ? new FileInfo(unfinished).Length : 0;
            server.Forget();
        }

        using var hub = new ModelHub(new ModelHubOptions
        {
            Endpoint = server.Endpoint, CacheFolder = _cache.FullName, Token = "", Offline = false, MaxRetries = 20,
            RetryDelay = TimeSpan.FromMilliseconds(10), StallTimeout = TimeSpan.FromMilliseconds(500), ChunkSize = 1 << 16,
            ParallelThreshold = 1 << 18,
        });
        string path = await hub.DownloadFileAsync(id, File);
        Assert.Equal(content.Bytes, System.IO.File.ReadAllBytes(path));
        Assert.Equal(content.Bytes, System.IO.File.ReadAllBytes(blob));
        Assert.False(System.IO.File.Exists(unfinished));
        if (isKilled) Count(fault, content, present, server);
        System.IO.File.Delete(blob);
    }

    private void Count(string fault, Content content, long present, HostileServer server)
    {
        long fetched = server.Sent.Sum(part => part.Bytes);
        Interlocked.Increment(ref _killed);
        Interlocked.Add(ref _total, content.Bytes.Length);
        Interlocked.Add(ref _present, present);
        Interlocked.Add(ref _fetched, fetched);
        // Wrong bytes must be fetched again, and a server without ranges sends everything.
        if (fault is "wrong" or "ignores") return;
        Assert.Equal(content.Bytes.Length - present, fetched);
        Assert.All(server.Sent, part => Assert.True(part.Start >= present));
        Interlocked.Increment(ref _exactlyResumed);
    }

    /// <summary>Lets a process download until the server has sent some bytes, and kills it while it waits for more.</summary>
    private async Task KillAsync(HostileServer server, string id, int after)
    {
        var reached = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        var killed = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        long sent = 0;
        var lengths = new ConcurrentDictionary<SentPart, long>();
        server.Sending = async (_, _, _) =>
        {
            foreach (SentPart part in server.Sent) lengths[part] = part.Bytes;
            Interlocked.Exchange(ref sent, lengths.Values.Sum());
            if (Interlocked.Read(ref sent) < after) return;
            reached.TrySetResult();
            await killed.Task;
        };
        using Process process = Start(server, _cache.FullName, id);
        Task first = await Task.WhenAny(reached.Task, process.WaitForExitAsync(), Task.Delay(TimeSpan.FromMinutes(1)));
        if (first != reached.Task)
        {
            if (!process.HasExited) process.Kill();
            Assert.Fail($"{id} was not killed midway: {await process.StandardError.ReadToEndAsync()}");
        }

        process.Kill();
        await process.WaitForExitAsync();
        killed.SetResult();
        server.Sending = null;
        // What the killed process requested last is still answered.
        await Task.Delay(20);
        while (server.Active > 0) await Task.Delay(5);
    }

    private static readonly string[] s_faults = ["honest", "disconnects", "stalls", "wrong", "ignores", "busy", "lies"];

    private static Func<string, int, Answer> Faults(string fault, Random random)
    {
        int at = random.Next(1000, Smallest), calls = 0;
        return fault switch
        {
            "disconnects" => (_, count) => count % 2 == 0 ? new Answer { DisconnectAfter = at } : Answer.Honest,
            "stalls" => (_, count) => count % 5 == 1 ? new Answer { StallAfter = at } : Answer.Honest,
            "wrong" => (_, _) => Interlocked.Increment(ref calls) == 1 ? new Answer { WrongFrom = at } : Answer.Honest,
            "ignores" => (_, count) => new Answer { IgnoresRange = true, DisconnectAfter = count == 1 ? at : null },
            "busy" => (_, _) => Interlocked.Increment(ref calls) % 3 == 1 ? new Answer { Status = 503, RetryAfter = 0 } : Answer.Honest,
            "lies" => (_, _) => Interlocked.Increment(ref calls) == 1 ? new Answer { ExtraSize = 99 } : Answer.Honest,
            _ => (_, _) => Answer.Honest,
        };
    }
}
