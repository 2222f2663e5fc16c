using System.Diagnostics;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;

namespace LatentDiffusion.Jobs.Worker;

/// <summary>Workers of one queue, and what they did.</summary>
internal sealed class SoakRun : IAsyncDisposable
{
    private static readonly TimeSpan s_startLimit = TimeSpan.FromMinutes(2), s_limit = TimeSpan.FromMinutes(20);
    private static readonly TimeSpan s_cut = TimeSpan.FromSeconds(10);

    private readonly string _program;
    private readonly QueueLocation _location;
    private readonly IHost _host;
    private readonly WorkerNetwork? _network;
    private readonly WorkerProcess[] _workers;
    private readonly CancellationTokenSource _limit = new(s_limit);
    private JobStatus[] _ended = [];

    private SoakRun(string program, QueueLocation location, WorkerNetwork? network, IHost host, WorkerProcess[] workers) =>
        (_program, _location, _network, _host, _workers) = (program, location, network, host, workers);

    /// <summary>Workers that were killed before all jobs had ended.</summary>
    public int Kills { get; private set; }

    /// <summary>How often a worker lost its network before all jobs had ended.</summary>
    public int Cuts { get; private set; }

    /// <summary>Steps of each job.</summary>
    public int Steps { get; init; } = WorkedJobs.ShortSteps;

    /// <summary>Whether every other job has previews.</summary>
    public bool HasPreviews { get; init; } = true;

    /// <summary>How often jobs were started.</summary>
    public int Attempts => _ended.Sum(s => s.Attempts);

    private IImageJobQueue Queue => _host.Services.GetRequiredService<IImageJobQueue>();

    /// <summary>Starts a queue and its workers.</summary>
    /// <param name="program">Path of this program's assembly.</param>
    /// <param name="location">The queue.</param>
    /// <param name="workers">Number of workers.</param>
    /// <param name="network">A host for each worker; null to run all of them in this machine's network.</param>
    /// <param name="steps">Steps of each job.</param>
    /// <param name="hasPreviews">Whether every other job has previews.</param>
    public static async Task<SoakRun> StartAsync(
        string program, QueueLocation location, int workers, WorkerNetwork? network = null, int steps = WorkedJobs.ShortSteps,
        bool hasPreviews = true)
    {
        IHost host = await location.StartAsync(runsJobs: false);
        using var limit = new CancellationTokenSource(s_startLimit);
        WorkerProcess[] started = await Task.WhenAll(Enumerable.Range(0, workers).Select(
            i => WorkerProcess.StartAsync(program, location, network is null ? null : WorkerNetwork.Namespace(i), limit.Token)));
        return new SoakRun(program, location, network, host, started) { Steps = steps, HasPreviews = hasPreviews };
    }

    /// <summary>Runs a batch of jobs.</summary>
    /// <param name="name">Its name, which no other batch has.</param>
    /// <param name="jobs">Number of jobs.</param>
    /// <returns>
    /// Milliseconds per job, from the start of the first to the end of the last on the clock of the database, and per generation.
    /// </returns>
    public async Task<(double Each, double Generation)> MeasureAsync(string name, int jobs)
    {
        ImageJob[] batch = [.. Enumerable.Range(0, jobs).Select(
            i => WorkedJobs.Create(i, Steps, HasPreviews) with { Id = $"{name}-{i}" })];
        (int Count, double Milliseconds) before = await GenerationsAsync();
        foreach (ImageJob job in batch) await Queue.EnqueueAsync(job, _limit.Token);
        JobStatus[] ended = await Task.WhenAll(batch.Select(job => EndAsync(job.Id)));
        (int Count, double Milliseconds) after = await GenerationsAsync();
        TimeSpan time = (ended.Max(s => s.Ended) - ended.Min(s => s.Started))!.Value;
        return (time.TotalMilliseconds / jobs, (after.Milliseconds - before.Milliseconds) / (after.Count - before.Count));
    }

    /// <summary>
    /// Adds jobs and waits for them, while workers are killed and replaced and their network is cut at random moments, and the database
    /// crashes once.
    /// </summary>
    public async Task<TimeSpan> CompleteAsync(int jobs, int kills, TemporaryPostgreSql? server, int cuts = 0)
    {
        var clock = Stopwatch.StartNew();
        foreach (int i in Enumerable.Range(0, jobs)) await Queue.EnqueueAsync(WorkedJobs.Create(i, Steps, HasPreviews), _limit.Token);
        Task<JobStatus[]> all = Task.WhenAll(Enumerable.Range(0, jobs).Select(i => EndAsync(WorkedJobs.Create(i, Steps, HasPreviews).Id)));
        await Task.WhenAll(KillAsync(kills, server, all), CutAsync(cuts, all));
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
            string file = Path.Combine(_location.Store, WorkedJobs.Create(i, Steps, HasPreviews).Id, "0.png");
            expected.Add(file);
            if (!File.ReadAllBytes(file).AsSpan().SequenceEqual(File.ReadAllBytes(Path.Combine(alone, $"{i}.png"))))
                throw new InvalidDataException($"{file} has other bytes than the image that was generated alone.");
        }

        string[] left = [.. Directory.GetFiles(_location.Store, "*.*", SearchOption.AllDirectories)
            .Where(f => !Path.GetFileName(f).StartsWith('.')).Except(expected)];
        if (left.Length > 0) throw new InvalidDataException($"{left.Length} files are left, for example {left[0]}.");
    }

    public async ValueTask DisposeAsync()
    {
        foreach (WorkerProcess worker in _workers) await worker.DisposeAsync();
        await _host.StopAsync();
        _host.Dispose();
        _limit.Dispose();
    }

    /// <summary>The number and total duration in milliseconds of the generations of all workers so far.</summary>
    private async Task<(int Count, double Milliseconds)> GenerationsAsync()
    {
        string[] answers = await Task.WhenAll(_workers.Select(w => w.AskAsync("", _limit.Token)));
        (int Count, double Milliseconds)[] each = [.. answers.Select(GenerationTimes.Parse)];
        return (each.Sum(w => w.Count), each.Sum(w => w.Milliseconds));
    }

    private async Task KillAsync(int kills, TemporaryPostgreSql? server, Task all)
    {
        var random = new Random(1);
        for (; Kills < kills && !all.IsCompleted; Kills++)
        {
            await Task.Delay(random.Next(1, 700), _limit.Token);
            int victim = random.Next(_workers.Length);
            await _workers[victim].DisposeAsync();
            if (Kills == kills / 2) server?.Restart();
            string? space = _network is null ? null : WorkerNetwork.Namespace(victim);
            _workers[victim] = await WorkerProcess.StartAsync(_program, _location, space, _limit.Token);
        }
    }

    private async Task CutAsync(int cuts, Task all)
    {
        var random = new Random(2);
        for (; Cuts < cuts && !all.IsCompleted; Cuts++)
        {
            await Task.Delay(random.Next(1, 3000), _limit.Token);
            await _network!.CutAsync(random.Next(_workers.Length), s_cut, _limit.Token);
        }
    }

    private async Task<JobStatus> EndAsync(string id) => await Queue.WatchAsync(id, _limit.Token).LastAsync(_limit.Token);
}
