namespace LatentDiffusion.Jobs;

/// <content>Running jobs, and what happens to ended ones.</content>
public sealed partial class InProcessJobQueue
{
    // Files of jobs that the queue knows are younger; older ones are of earlier processes.
    private static readonly TimeSpan s_orphanMargin = TimeSpan.FromHours(1);

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        Task[] running;
        lock (_lock)
        {
            if (!_disposed)
            {
                _disposed = true;
                while (_waiting.Take() is { } job) End(job, job.Status with { State = JobState.Cancelled });
                foreach (QueuedJob job in _running.Keys) job.Stop();
            }

            running = [.. _running.Values];
        }

        await Task.WhenAll(running).ConfigureAwait(false);
        await _sweep.DisposeAsync().ConfigureAwait(false);
    }

    /// <summary>Starts as many jobs as may run.</summary>
    private void StartJobs()
    {
        bool started = false;
        while (!_disposed && _running.Count < _options.MaximumRunningJobs && _waiting.Take() is { } job)
        {
            started = true;
            job.Change(job.Status with { State = JobState.Running, Started = _time.GetUtcNow(), Attempts = 1 });
            ImageJob what = job.Job!;
            _running.Add(job, Task.Run(() => RunAsync(job, what)));
        }

        if (started) SignalWaiting();
    }

    private async Task RunAsync(QueuedJob job, ImageJob what)
    {
        JobResult? result = null;
        try
        {
            result = await _run(what, Report, job.Stopping).ConfigureAwait(false);
        }
        catch (OperationCanceledException) when (job.Stopping.IsCancellationRequested)
        {
        }
        catch (Exception e)
        {
            _logger.Failed(e, what.Id, what.Model);
            result = new JobResult { Error = JobError.FromException(e) };
        }

        if (result is not { Error: null }) await DeleteFilesAsync(what.Id).ConfigureAwait(false);
        lock (_lock)
        {
            _running.Remove(job);
            JobState state = result is null ? JobState.Cancelled : result.Error is null ? JobState.Completed : JobState.Failed;
            End(job, job.Status with { State = state, Images = result?.Images ?? [], Error = result?.Error });
            StartJobs();
        }

        void Report(JobProgress progress)
        {
            lock (_lock)
            {
                job.Change(job.Status with
                {
                    CompletedSteps = progress.CompletedSteps, TotalSteps = progress.TotalSteps, Preview = progress.Preview,
                });
            }
        }
    }

    private void End(QueuedJob job, JobStatus status)
    {
        job.Change(status with { Ended = _time.GetUtcNow(), Preview = null });
        _ended.AddFirst(job);
    }

    // Their positions have changed.
    private void SignalWaiting()
    {
        foreach (QueuedJob waiting in _waiting.InOrder) waiting.Signal();
    }

    private async Task SweepAsync()
    {
        DateTimeOffset now = _time.GetUtcNow();
        var expired = new List<string>();
        lock (_lock)
        {
            while (!_disposed && _ended.Last is { Value: var job } && job.Status.Ended <= now - _options.Retention)
            {
                _ended.RemoveLast();
                _jobs.Remove(job.Status.Id);
                job.Dispose();
                expired.Add(job.Status.Id);
            }
        }

        foreach (string id in expired) await DeleteFilesAsync(id).ConfigureAwait(false);
        try
        {
            await _store.DeleteOlderAsync(now - _options.Retention - s_orphanMargin).ConfigureAwait(false);
        }
        catch (Exception e)
        {
            _logger.NotDeleted(e, "earlier processes");
        }
    }

    private async Task DeleteFilesAsync(string id)
    {
        try
        {
            await _store.DeleteAsync(id).ConfigureAwait(false);
        }
        catch (Exception e)
        {
            _logger.NotDeleted(e, id);
        }
    }

    private static TimeSpan SweepInterval(TimeSpan retention) => TimeSpan.FromSeconds(Math.Clamp(retention.TotalSeconds / 10, 1, 600));
}
