using System.Collections.Concurrent;
using System.Runtime.CompilerServices;
using System.Threading.Channels;
using LatentDiffusion.Jobs;

namespace LatentDiffusion.AspNetCore.Tests.Page;

/// <summary>A queue whose jobs stand where a test says.</summary>
internal sealed class FakeQueue : IImageJobQueue
{
    private readonly ConcurrentDictionary<string, Channel<JobStatus>> _changes = new();
    private readonly ConcurrentDictionary<string, JobStatus> _jobs = new();

    public ConcurrentQueue<ImageJob> Added { get; } = new();

    public IReadOnlyList<string> Models { get; set; } = ["first", "second"];

    public Exception? Refusal { get; set; }

    public void Set(JobStatus status)
    {
        _jobs[status.Id] = status;
        _changes.GetOrAdd(status.Id, _ => Channel.CreateUnbounded<JobStatus>()).Writer.TryWrite(status);
    }

    public Task<JobStatus> EnqueueAsync(ImageJob job, CancellationToken cancellationToken = default)
    {
        if (Refusal is not null) throw Refusal;
        if (!Models.Contains(job.Model)) throw new UnknownModelException(job.Model, Models);
        Added.Enqueue(job);
        var status = new JobStatus
        {
            Id = job.Id, Model = job.Model, Caller = job.Caller, State = JobState.Queued, Created = job.Created, Position = 0,
        };
        Set(status);
        return Task.FromResult(status);
    }

    public Task<JobStatus?> FindAsync(string id, CancellationToken cancellationToken = default) =>
        Task.FromResult(_jobs.GetValueOrDefault(id));

    public async IAsyncEnumerable<JobStatus> WatchAsync(string id, [EnumeratorCancellation] CancellationToken cancellationToken = default)
    {
        await foreach (JobStatus status in _changes[id].Reader.ReadAllAsync(cancellationToken))
        {
            yield return status;
            if (status.HasEnded) yield break;
        }
    }

    public Task<bool> CancelAsync(string id, CancellationToken cancellationToken = default)
    {
        if (!_jobs.TryGetValue(id, out JobStatus? job) || job.HasEnded) return Task.FromResult(false);
        Set(job with { State = JobState.Cancelled, Position = null });
        return Task.FromResult(true);
    }

    public Task<IReadOnlyList<JobStatus>> ListAsync(
        string? caller = null, int count = 100, CancellationToken cancellationToken = default) =>
        Task.FromResult<IReadOnlyList<JobStatus>>([.. _jobs.Values.Where(j => caller is null || j.Caller == caller).Take(count)]);

    public Task<IReadOnlyList<string>> ModelsAsync(CancellationToken cancellationToken = default) => Task.FromResult(Models);
}
