namespace LatentDiffusion.Jobs;

/// <summary>A job in an <see cref="InProcessJobQueue"/>, whose lock guards it.</summary>
internal sealed class QueuedJob(ImageJob job) : IDisposable
{
    private readonly CancellationTokenSource _stop = new();
    private TaskCompletionSource _changed = NewSignal();

    /// <summary>The job; null after it has ended, because a request may have large images.</summary>
    public ImageJob? Job { get; private set; } = job;

    /// <summary>The present status, without the position.</summary>
    public JobStatus Status { get; private set; } = new()
    {
        Id = job.Id, Model = job.Model, Caller = job.Caller, State = JobState.Queued, Created = job.Created,
    };

    /// <summary>Completed at the next change.</summary>
    public Task Changed => _changed.Task;

    /// <summary>Cancelled when the job is to stop.</summary>
    public CancellationToken Stopping => _stop.Token;

    public void Change(JobStatus status)
    {
        Status = status;
        if (status.HasEnded) Job = null;
        Signal();
    }

    public void Signal()
    {
        TaskCompletionSource changed = _changed;
        _changed = NewSignal();
        changed.SetResult();
    }

    // On another thread: callbacks of the generation must not run under the queue's lock.
    public void Stop() => _ = _stop.CancelAsync();

    public void Dispose() => _stop.Dispose();

    private static TaskCompletionSource NewSignal() => new(TaskCreationOptions.RunContinuationsAsynchronously);
}
