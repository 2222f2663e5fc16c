using System.Diagnostics;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;

namespace LatentDiffusion.Jobs.Worker;

/// <summary>Workers of one queue, and what they did.</summary>
internal sealed class SoakRun : IAsyncDisposable
{
    private static readonly TimeSpan s_limit = TimeSpan.FromMinutes(10);

    private readonly string _program;
    private readonly QueueLocation _location;
    private readonly IHost _host;
    private readonly WorkerProcess[] _workers;
    private readonly CancellationTokenSource _limit = new(s_limit);
    private JobStatus[] _ended = [];

    private SoakRun(string program, QueueLocation location, IHost host, WorkerProcess[] workers) =>
        (_program, _location, _host, _workers) = (program, location, host, workers);

    public int Attempts => _ended.Sum(s => s.Attempts);

    private IImageJobQueue Queue => _host.Services.GetRequiredService<IImageJobQueue>();

    public static async Task<SoakRun> StartAsync(string program, QueueLocation location, int workers)
    {
        IHost host = await location.StartAsync(runsJobs: false);
        WorkerProcess[] started = await Task.WhenAll(
            Enumerable.Range(0, workers).Select(_ => WorkerProcess.StartAsync(program, location, default)));
        return new SoakRun(program, location, host, started);
    }

    /// <summary>Runs some jobs of other names, so that measurements do not include the first use of each worker.</summary>
    public async Task WarmUpAsync()
    {
        ImageJob[] jobs = [.. Enumerable.Range(0, _workers.Length * 4).Select(i => WorkedJobs.Create(i) with { Id = $"warm-{i}" })];
        foreach (ImageJob job in jobs) await Queue.EnqueueAsync(job, _limit.Token);
        foreach (ImageJob job in jobs) await Queue.WatchAsync(job.Id, _limit.Token).LastAsync(_limit.Token);
    }

    /// <summary>Adds jobs and waits for them, while workers are killed and replaced at random moments.</summary>
    public async Task<TimeSpan> CompleteAsync(int jobs, int kills, TemporaryPostgreSql? server)
    {
        var clock = Stopwatch.StartNew();
        foreach (int i in Enumerable.Range(0, jobs)) await Queue.EnqueueAsync(WorkedJobs.Create(i), _limit.Token);
        Task<JobStatus[]> all = Task.WhenAll(Enumerable.Range(0, jobs).Select(i => EndAsync(WorkedJobs.Create(i).Id)));
        var random = new Random(1);
        for (int kill = 0; kill < kills && !all.IsCompleted; kill++)
        {
            await Task.Delay(random.Next(1, 700), _limit.Token);
            int victim = random.Next(_workers.Length);
            await _workers[victim].DisposeAsync();
            if (kill == kills / 2) server?.Restart();
            _workers[victim] = await WorkerProcess.StartAsync(_program, _location, _limit.Token);
        }

        _ended = await all;
        return clock.Elapsed;
    }

    /// <summary>Checks that all jobs completed with the bytes of a bare pipeline, and that nothing else is left.</summary>
    public void Check(int jobs, string alone)
    {
        foreach (JobStatus status in _ended)
            if (status.State != JobState.Completed) throw new InvalidDataException($"{status.Id} is {status.State}: {status.Error}");
        var expected = new List<string>();
        foreach (int i in Enumerable.Range(0, jobs))
        {
            string file = Path.Combine(_location.Store, WorkedJobs.Create(i).Id, "0.png");
            expected.Add(file);
            if (!File.ReadAllBytes(file).AsSpan().SequenceEqual(File.ReadAllBytes(Path.Combine(alone, $"{i}.png"))))
                throw new InvalidDataException($"{file} has other bytes than the image that was generated alone.");
        }

        string[] left = [.. Directory.GetFiles(_location.Store, "*.*", SearchOption.AllDirectories)
            .Where(f => !Path.GetFileName(f).StartsWith('.') && !f.Contains("warm-", StringComparison.Ordinal)).Except(expected)];
        if (left.Length > 0) throw new InvalidDataException($"{left.Length} files are left, for example {left[0]}.");
    }

    public async ValueTask DisposeAsync()
    {
        foreach (WorkerProcess worker in _workers) await worker.DisposeAsync();
        await _host.StopAsync();
        _host.Dispose();
        _limit.Dispose();
    }

    private async Task<JobStatus> EndAsync(string id) => await Queue.WatchAsync(id, _limit.Token).LastAsync(_limit.Token);
}
