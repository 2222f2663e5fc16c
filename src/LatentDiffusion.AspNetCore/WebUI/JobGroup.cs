namespace LatentDiffusion.AspNetCore.WebUI;

/// <summary>
/// Runs the iterations of a request as jobs, which may run at once on several workers. If the client leaves or an iteration fails, the
/// others are cancelled.
/// </summary>
internal sealed class JobGroup(JobWatcher watcher)
{
    /// <summary>The jobs at their end, in order. Cancelled ones were skipped or interrupted.</summary>
    /// <exception cref="ApiError">A job failed.</exception>
    public async Task<IReadOnlyList<JobStatus>> RunAsync(IReadOnlyList<ImageJob> jobs, CancellationToken left)
    {
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(left);
        var running = new List<Task<JobStatus>>();
        try
        {
            foreach (ImageJob job in jobs) running.Add(await StartAsync(job, stop).ConfigureAwait(false));
        }
        catch
        {
            await stop.CancelAsync().ConfigureAwait(false);
            await ((Task)Task.WhenAll(running)).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            // A failed iteration stops the one that is being added; the client reads why it failed.
            if (running.Find(task => task.IsFaulted) is { } failed) await failed.ConfigureAwait(false);
            throw;
        }

        return await Task.WhenAll(running).ConfigureAwait(false);
    }

    /// <summary>Adds a job, so that jobs are in the queue in their order, and follows it in a task.</summary>
    private async Task<Task<JobStatus>> StartAsync(ImageJob job, CancellationTokenSource stop)
    {
        IAsyncEnumerator<JobStatus> statuses = watcher.RunAsync(job, stop.Token).GetAsyncEnumerator(stop.Token);
        try
        {
            if (await statuses.MoveNextAsync().ConfigureAwait(false)) return FollowAsync(statuses, stop);
        }
        catch
        {
            await statuses.DisposeAsync().ConfigureAwait(false);
            throw;
        }

        await statuses.DisposeAsync().ConfigureAwait(false);
        throw Lost();
    }

    private static async Task<JobStatus> FollowAsync(IAsyncEnumerator<JobStatus> statuses, CancellationTokenSource stop)
    {
        JobStatus status = statuses.Current;
        await using (statuses.ConfigureAwait(false))
            while (await statuses.MoveNextAsync().ConfigureAwait(false)) status = statuses.Current;
        if (status is { State: JobState.Completed or JobState.Cancelled }) return status;
        await stop.CancelAsync().ConfigureAwait(false);
        throw status.Error is { } error ? JobFailure.FromError(error) : Lost();
    }

    private static ApiError Lost() =>
        ApiError.Failed(StatusCodes.Status500InternalServerError, "The queue lost the job; its retention time may be too short.");
}
