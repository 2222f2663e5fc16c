using System.Collections.Concurrent;
using System.Runtime.CompilerServices;
using System.Threading.Channels;
using LatentDiffusion.Jobs;

namespace LatentDiffusion.AspNetCore.Tests;

/// <summary>A queue whose jobs go as a test says. By default they complete at once with tiny images.</summary>
internal sealed class ScriptedQueue : IImageJobQueue
{
    public const string Model = "scripted";

    private static readonly byte[] s_png = new SkiaImageCodec().EncodePng(new ImageBuffer(8, 8, new byte[192]));

    private readonly ConcurrentDictionary<string, JobStatus> _jobs = new();
    private readonly ConcurrentDictionary<string, ImageJob> _requests = new();
    private readonly Channel<ImageJob> _added = Channel.CreateUnbounded<ImageJob>();
    private readonly Channel<string> _cancelled = Channel.CreateUnbounded<string>();

    public MemoryStore Store { get; } = new();

    public IReadOnlyList<string> Models { get; set; } = [Model, "owner/other"];

    /// <summary>The statuses of a job; the default completes it.</summary>
    public Func<ImageJob, CancellationToken, IAsyncEnumerable<JobStatus>>? Script { get; set; }

    /// <summary>Throws what adding a job throws; null for nothing.</summary>
    public Func<ImageJob, Exception>? Refusal { get; set; }

    /// <summary>The jobs that were added, in order.</summary>
    public ChannelReader<ImageJob> Added => _added.Reader;

    /// <summary>The jobs that were cancelled, in order.</summary>
    public ChannelReader<string> Cancelled => _cancelled.Reader;

    /// <summary>A running job without progress that nobody ends.</summary>
    public static async IAsyncEnumerable<JobStatus> Endless(ImageJob job, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        yield return Status(job, JobState.Running);
        await Task.Delay(Timeout.Infinite, cancellationToken);
    }

    public static JobStatus Status(ImageJob job, JobState state) => new()
    {
        Id = job.Id, Model = job.Model, Caller = job.Caller, State = state, Created = job.Created, Attempts = 1,
    };

    /// <summary>A job that has failed.</summary>
    public static Func<ImageJob, CancellationToken, IAsyncEnumerable<JobStatus>> Fails(JobError error) => (job, _) =>
        AsyncEnumerable.Repeat(Status(job, JobState.Failed) with { Error = error }, 1);

    /// <summary>A completed job, with a file in the store for each image.</summary>
    public async Task<JobStatus> CompleteAsync(ImageJob job, byte[]? file = null)
    {
        var images = new List<StoredImage>();
        for (int i = 0; i < job.Request.ImageCount; i++)
        {
            images.Add(new StoredImage($"{job.Id}/{i}.png", "image/png", 8, 8, job.Request.Seed + (ulong)i));
            await Store.WriteAsync(images[i].Name, file ?? s_png);
        }

        return Status(job, JobState.Completed) with { Images = images };
    }

    public async Task<JobStatus> EnqueueAsync(ImageJob job, CancellationToken cancellationToken = default)
    {
        if (Refusal?.Invoke(job) is { } refusal) throw refusal;
        JobStatus status = _jobs[job.Id] = Status(job, JobState.Queued);
        _requests[job.Id] = job;
        await _added.Writer.WriteAsync(job, cancellationToken);
        return status;
    }

    public Task<JobStatus?> FindAsync(string id, CancellationToken cancellationToken = default) =>
        Task.FromResult(_jobs.GetValueOrDefault(id));

    public async IAsyncEnumerable<JobStatus> WatchAsync(string id, [EnumeratorCancellation] CancellationToken cancellationToken = default)
    {
        if (!_requests.TryGetValue(id, out ImageJob? job)) yield break;
        IAsyncEnumerable<JobStatus> statuses = Script?.Invoke(job, cancellationToken) ?? Complete(job);
        await foreach (JobStatus status in statuses.WithCancellation(cancellationToken)) yield return _jobs[id] = status;
    }

    public Task<bool> CancelAsync(string id, CancellationToken cancellationToken = default)
    {
        bool isRunning = _jobs.TryGetValue(id, out JobStatus? status) && !status.HasEnded;
        if (isRunning) _cancelled.Writer.TryWrite(id);
        return Task.FromResult(isRunning);
    }

    public Task<IReadOnlyList<JobStatus>> ListAsync(
        string? caller = null, int count = 100, CancellationToken cancellationToken = default) =>
        Task.FromResult<IReadOnlyList<JobStatus>>(
            [.. _jobs.Values.Where(j => caller is null || j.Caller == caller).OrderBy(j => (j.HasEnded, j.Created)).Take(count)]);

    public Task<IReadOnlyList<string>> ModelsAsync(CancellationToken cancellationToken = default) => Task.FromResult(Models);

    private async IAsyncEnumerable<JobStatus> Complete(ImageJob job)
    {
        yield return await CompleteAsync(job);
    }
}
