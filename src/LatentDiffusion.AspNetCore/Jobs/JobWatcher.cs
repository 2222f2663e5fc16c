using System.Runtime.CompilerServices;
using LatentDiffusion.AspNetCore.Diagnostics;
using Microsoft.Extensions.Hosting;

namespace LatentDiffusion.AspNetCore;

/// <summary>
/// Adds and follows jobs for clients. A job of <see cref="RunAsync"/> that its last client leaves before its end is cancelled.
/// </summary>
internal sealed class JobWatcher(
    IImageJobQueue queue, ServerMetrics metrics, TimeProvider time, CurrentServerOptions options,
    IHostApplicationLifetime host, ILogger<JobWatcher> logger)
{
    private readonly Lock _lock = new();
    private readonly Dictionary<string, int> _clients = [];

    /// <summary>Adds a job and follows it to its end.</summary>
    /// <param name="job">The job.</param>
    /// <param name="left">Cancelled when the client leaves.</param>
    /// <exception cref="RequestException">The server stops.</exception>
    /// <exception cref="UnknownModelException">No worker has the model.</exception>
    /// <exception cref="QueueFullException">Too many jobs wait.</exception>
    /// <exception cref="ArgumentException">The request cannot be queued, or asks for images that are too large.</exception>
    public async IAsyncEnumerable<JobStatus> RunAsync(ImageJob job, [EnumeratorCancellation] CancellationToken left)
    {
        long start = time.GetTimestamp();
        await foreach (JobStatus status in FollowAsync(job.Id, () => EnqueueAsync(job, left), left).ConfigureAwait(false))
        {
            if (status.HasEnded) metrics.Ended(status, time.GetElapsedTime(start));
            yield return status;
        }
    }

    /// <summary>Adds a job that continues without clients, and records its duration when it ends.</summary>
    /// <inheritdoc cref="RunAsync" path="/param"/>
    /// <inheritdoc cref="RunAsync" path="/exception"/>
    public async Task<JobStatus> AddAsync(ImageJob job, CancellationToken left)
    {
        long start = time.GetTimestamp();
        JobStatus added = await EnqueueAsync(job, left).ConfigureAwait(false);
        _ = MeasureAsync(job.Id, start);
        return added;
    }

    /// <summary>Follows a job that was added before, by this or another client.</summary>
    /// <inheritdoc cref="RunAsync" path="/param"/>
    public IAsyncEnumerable<JobStatus> FollowAsync(string job, CancellationToken left) => FollowAsync(job, null, left);

    private async IAsyncEnumerable<JobStatus> FollowAsync(
        string job, Func<Task>? add, [EnumeratorCancellation] CancellationToken left)
    {
        bool hasEnded = false;
        bool isCounted = Join(job, isFirst: add is not null);
        try
        {
            if (add is not null) await add().ConfigureAwait(false);
            using var ends = CancellationTokenSource.CreateLinkedTokenSource(left, host.ApplicationStopping);
            IAsyncEnumerator<JobStatus> statuses = queue.WatchAsync(job, ends.Token).GetAsyncEnumerator(ends.Token);
            await using (statuses.ConfigureAwait(false))
            {
                while (await NextAsync(statuses, left).ConfigureAwait(false))
                {
                    hasEnded = statuses.Current.HasEnded;
                    yield return statuses.Current;
                }
            }
        }
        finally
        {
            if (isCounted && Leave(job) && !hasEnded) await CancelAsync(job).ConfigureAwait(false);
        }
    }

    private async Task<bool> NextAsync(IAsyncEnumerator<JobStatus> statuses, CancellationToken left)
    {
        try
        {
            return await statuses.MoveNextAsync().ConfigureAwait(false);
        }
        catch (OperationCanceledException) when (host.ApplicationStopping.IsCancellationRequested && !left.IsCancellationRequested)
        {
            throw RequestErrors.Stopping();
        }
    }

    private async Task<JobStatus> EnqueueAsync(ImageJob job, CancellationToken left)
    {
        if (host.ApplicationStopping.IsCancellationRequested) throw RequestErrors.Stopping();
        OutputSize.Check(job.Request, new PixelLimit(options.Value.MaximumOutputPixels));
        JobStatus added = await queue.EnqueueAsync(job, left).ConfigureAwait(false);
        logger.Accepted(job.Id, job.Caller, job.Request.ImageCount, job.Model);
        if (options.Value.LogPrompts) logger.Prompt(job.Id, job.Request.Prompt);
        return added;
    }

    private async Task MeasureAsync(string job, long start)
    {
        CancellationToken stopping = host.ApplicationStopping;
        try
        {
            await foreach (JobStatus status in queue.WatchAsync(job, stopping).ConfigureAwait(false))
                if (status.HasEnded) metrics.Ended(status, time.GetElapsedTime(start));
        }
        catch (Exception) when (stopping.IsCancellationRequested)
        {
            // Jobs of a queue in a database continue elsewhere.
        }
        catch (Exception e)
        {
            // No client waits for it.
            logger.NotMeasured(e, job);
        }
    }

    /// <summary>Counts a client. Jobs that no client runs are not counted: they continue without clients.</summary>
    private bool Join(string job, bool isFirst)
    {
        lock (_lock)
        {
            if (!isFirst && !_clients.ContainsKey(job)) return false;
            _clients[job] = _clients.GetValueOrDefault(job) + 1;
        }

        metrics.Waiting(1);
        return true;
    }

    /// <summary>Whether the client was the last.</summary>
    private bool Leave(string job)
    {
        metrics.Waiting(-1);
        lock (_lock)
        {
            int left = _clients[job] - 1;
            if (left > 0) _clients[job] = left;
            else _clients.Remove(job);
            return left == 0;
        }
    }

    private async Task CancelAsync(string job)
    {
        try
        {
            if (await queue.CancelAsync(job, CancellationToken.None).ConfigureAwait(false)) logger.Abandoned(job);
        }
        catch (Exception e)
        {
            // The client is gone: nobody else would see the failure.
            logger.NotCancelled(e, job);
        }
    }
}
