using System.Collections.Concurrent;
using System.Runtime.CompilerServices;
using LatentDiffusion.Jobs;

namespace LatentDiffusion.AspNetCore.Tests.Page;

/// <summary>A queue whose jobs stand where a test says.</summary>
internal sealed class FakeQueue : IImageJobQueue
{
    private readonly Lock _lock = new();
    private readonly Dictionary<string, List<JobStatus>> _statuses = [];
    private readonly ConcurrentDictionary<string, JobStatus> _jobs = new();
    private TaskCompletionSource _changed = new();

    public ConcurrentQueue<ImageJob> Added { get; } = new();

    public IReadOnlyList<string> Models { get; set; } = ["first", "second"];

    public Exception? Refusal { get; set; }

    public void Set(JobStatus status)
    {
        _jobs[status.Id] = status;
        TaskCompletionSource changed;
        lock (_lock)
        {
            if (!_statuses.TryGetValue(status.Id, out List<JobStatus>? statuses)) statuses = _statuses[status.Id] = [];
            statuses.Add(status);
            (changed, _changed) = (_changed, new TaskCompletionSource());
        }

        changed.SetResult();
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
        for (int next = 0; ;)
        {
            JobStatus[] statuses;
            Task changed;
            lock (_lock) (statuses, changed) = ([.. _statuses[id].Skip(next)], _changed.Task);
            foreach (JobStatus status in statuses)
            {
                yield return status;
                if (status.HasEnded) yield break;
            }

            next += statuses.Length;
            if (statuses.Length == 0) await changed.WaitAsync(cancellationToken);
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
