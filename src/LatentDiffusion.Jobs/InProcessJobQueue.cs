using System.Runtime.CompilerServices;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Options;

namespace LatentDiffusion.Jobs;

/// <summary>
/// A queue that runs jobs in this process. Higher priorities run first, and within a priority the callers take turns. Disposal cancels all
/// jobs and waits until they have ended; jobs are not kept over a restart.
/// </summary>
public sealed partial class InProcessJobQueue : IImageJobQueue, IAsyncDisposable
{
    private readonly Lock _lock = new();
    private readonly WaitingJobs _waiting = new();
    private readonly Dictionary<string, QueuedJob> _jobs = new(StringComparer.Ordinal);
    private readonly Dictionary<QueuedJob, Task> _running = [];
    private readonly LinkedList<QueuedJob> _ended = new();
    private readonly IModelCatalog _models;
    private readonly IImageStore _store;
    private readonly Func<ImageJob, Action<JobProgress>, CancellationToken, Task<JobResult>> _run;
    private readonly JobQueueOptions _options;
    private readonly TimeProvider _time;
    private readonly ILogger _logger;
    private readonly ITimer _sweep;
    private bool _disposed;

    /// <summary>Creates a queue.</summary>
    /// <param name="models">The models that jobs may name.</param>
    /// <param name="store">The store of the images, whose files are deleted when the retention time of their job is over.</param>
    /// <param name="runner">Runs the jobs.</param>
    /// <param name="options">Limits and retention.</param>
    /// <param name="time">The clock; null for the system's.</param>
    /// <param name="logger">Receives errors of the store; null for no log.</param>
    public InProcessJobQueue(
        IModelCatalog models, IImageStore store, JobRunner runner, IOptions<JobQueueOptions> options, TimeProvider? time = null,
        ILogger<InProcessJobQueue>? logger = null)
        : this(models, store, Require(runner).RunAsync, Require(options).Value, time, logger)
    {
    }

    internal InProcessJobQueue(
        IModelCatalog models, IImageStore store, Func<ImageJob, Action<JobProgress>, CancellationToken, Task<JobResult>> run,
        JobQueueOptions options, TimeProvider? time = null, ILogger<InProcessJobQueue>? logger = null)
    {
        (_models, _store, _run, _options) = (Require(models), Require(store), run, options);
        (_time, _logger) = (time ?? TimeProvider.System, logger ?? NullLogger<InProcessJobQueue>.Instance);
        _sweep = _time.CreateTimer(_ => _ = SweepAsync(), null, TimeSpan.Zero, SweepInterval(options.Retention));
    }

    /// <inheritdoc/>
    public Task<JobStatus> EnqueueAsync(ImageJob job, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(job);
        job.Validate();
        if (!_models.Names.Contains(job.Model, StringComparer.Ordinal)) throw new UnknownModelException(job.Model, _models.Names);
        cancellationToken.ThrowIfCancellationRequested();
        var queued = new QueuedJob(job.WithSeed());
        lock (_lock)
        {
            ObjectDisposedException.ThrowIf(_disposed, this);
            if (_jobs.ContainsKey(job.Id)) throw new ArgumentException($"Id is '{job.Id}', which another job has.", nameof(job.Id));
            if (_running.Count >= _options.MaximumRunningJobs) CheckLimits(job.Caller);
            _jobs.Add(job.Id, queued);
            _waiting.Add(queued);
            StartJobs();
            return Task.FromResult(StatusOf(queued));
        }
    }

    /// <inheritdoc/>
    public Task<JobStatus?> FindAsync(string id, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(id);
        lock (_lock) return Task.FromResult(_jobs.TryGetValue(id, out QueuedJob? job) ? StatusOf(job) : null);
    }

    /// <inheritdoc/>
    public async IAsyncEnumerable<JobStatus> WatchAsync(string id, [EnumeratorCancellation] CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(id);
        QueuedJob? job;
        lock (_lock) _jobs.TryGetValue(id, out job);
        if (job is null) yield break;
        JobStatus? last = null;
        while (last is not { HasEnded: true })
        {
            Task changed;
            JobStatus status;
            lock (_lock) (status, changed) = (StatusOf(job), job.Changed);
            if (status != last) yield return last = status;
            else await changed.WaitAsync(cancellationToken).ConfigureAwait(false);
            cancellationToken.ThrowIfCancellationRequested();
        }
    }

    /// <inheritdoc/>
    public Task<bool> CancelAsync(string id, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(id);
        lock (_lock)
        {
            if (!_jobs.TryGetValue(id, out QueuedJob? job) || job.Status.HasEnded) return Task.FromResult(false);
            if (_waiting.Remove(job))
            {
                End(job, job.Status with { State = JobState.Cancelled });
                SignalWaiting();
            }
            else
            {
                job.Stop();
            }
        }

        return Task.FromResult(true);
    }

    /// <inheritdoc/>
    public Task<IReadOnlyList<JobStatus>> ListAsync(
        string? caller = null, int count = 100, CancellationToken cancellationToken = default)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(count);
        lock (_lock)
        {
            IEnumerable<JobStatus> running = _running.Keys.OrderBy(j => j.Status.Started).Select(StatusOf);
            IEnumerable<JobStatus> waiting = _waiting.InOrder.Select((j, i) => j.Status with { Position = i });
            IEnumerable<JobStatus> all = running.Concat(waiting).Concat(_ended.Select(j => j.Status));
            return Task.FromResult<IReadOnlyList<JobStatus>>([.. all.Where(s => caller is null || s.Caller == caller).Take(count)]);
        }
    }

    /// <inheritdoc/>
    public Task<IReadOnlyList<string>> ModelsAsync(CancellationToken cancellationToken = default) => Task.FromResult(_models.Names);

    private void CheckLimits(string caller)
    {
        if (_waiting.Count >= _options.MaximumQueueLength)
            throw new QueueFullException($"{_waiting.Count} jobs wait already, the most that the queue holds; try again later.");
        if (_options.MaximumQueueLengthPerCaller is { } most && _waiting.CountOf(caller) >= most)
            throw new QueueFullException($"{most} of your jobs wait already, the most of one caller; try again later.");
    }

    private JobStatus StatusOf(QueuedJob job) =>
        job.Status.State == JobState.Queued ? job.Status with { Position = _waiting.PositionOf(job) } : job.Status;

    private static T Require<T>(T? value, [CallerArgumentExpression(nameof(value))] string? name = null) where T : class =>
        value ?? throw new ArgumentNullException(name);
}
