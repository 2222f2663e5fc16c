using System.Runtime.CompilerServices;
using Microsoft.Extensions.Logging;

namespace LatentDiffusion.Jobs.Hangfire;

/// <summary>A queue in a database, whose jobs run in any process with the same database.</summary>
internal sealed class HangfireJobQueue(
    JobTable table, WorkerTable workers, Tickets tickets, StatusFeed feed, IModelCatalog models, ILogger<HangfireJobQueue> logger)
    : IImageJobQueue
{
    public async Task<JobStatus> EnqueueAsync(ImageJob job, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(job);
        job.Validate();
        await CheckModelAsync(job.Model, cancellationToken).ConfigureAwait(false);
        ImageJob seeded = job.WithSeed();
        await table.AddAsync(seeded, JobDocument.Write(seeded), cancellationToken).ConfigureAwait(false);
        // From here on the job is safe: a worker makes missing tickets.
        try
        {
            tickets.Add(job.Model);
        }
        catch (Exception e)
        {
            logger.TicketDelayed(e, job.Model);
        }

        return await table.FindAsync(job.Id, cancellationToken).ConfigureAwait(false) ?? new JobStatus
        {
            Id = job.Id, Model = job.Model, Caller = job.Caller, State = JobState.Queued, Created = job.Created,
        };
    }

    public Task<JobStatus?> FindAsync(string id, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(id);
        return table.FindAsync(id, cancellationToken);
    }

    public async IAsyncEnumerable<JobStatus> WatchAsync(string id, [EnumeratorCancellation] CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(id);
        if (await table.FindAsync(id, cancellationToken).ConfigureAwait(false) is not { } status) yield break;
        using StatusFeed.Watcher watcher = feed.Watch(id, status);
        while (true)
        {
            yield return status;
            if (status.HasEnded || await watcher.NextAsync(status, cancellationToken).ConfigureAwait(false) is not { } next) yield break;
            status = next;
        }
    }

    public Task<bool> CancelAsync(string id, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(id);
        return CancelAndWakeAsync(id, cancellationToken);
    }

    public async Task<IReadOnlyList<JobStatus>> ListAsync(
        string? caller = null, int count = 100, CancellationToken cancellationToken = default)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(count);
        return await table.ListAsync(caller, count, cancellationToken).ConfigureAwait(false);
    }

    public Task<IReadOnlyList<string>> ModelsAsync(CancellationToken cancellationToken = default) =>
        workers.ModelsAsync(running: true, cancellationToken);

    private async Task<bool> CancelAndWakeAsync(string id, CancellationToken cancellationToken)
    {
        bool changed = await table.CancelAsync(id, cancellationToken).ConfigureAwait(false);
        feed.Wake();
        return changed;
    }

    // A model whose workers restart is still known, so that its jobs wait for them.
    private async Task CheckModelAsync(string model, CancellationToken cancellationToken)
    {
        if (models.Names.Contains(model, StringComparer.Ordinal)) return;
        IReadOnlyList<string> known = await workers.ModelsAsync(running: false, cancellationToken).ConfigureAwait(false);
        if (!known.Contains(model, StringComparer.Ordinal)) throw new UnknownModelException(model, known);
    }
}
