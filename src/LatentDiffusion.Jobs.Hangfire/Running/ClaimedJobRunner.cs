using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;

namespace LatentDiffusion.Jobs.Hangfire;

/// <summary>
/// Claims jobs and runs them. While a job runs, its lease is renewed, progress is recorded, and cancellation is looked for.
/// </summary>
internal sealed class ClaimedJobRunner(
    IModelCatalog models, JobTable table, JobRunner runner, IImageStore store, StatusFeed feed, IOptions<HangfireJobOptions> options,
    ILogger<ClaimedJobRunner> logger)
{
    private readonly HangfireJobOptions _options = options.Value;

    /// <summary>Runs the job that comes next; null if none waits.</summary>
    /// <param name="stopping">Cancelled when the worker stops; the job then runs elsewhere.</param>
    public async Task<ClaimedJobOutcome?> RunNextAsync(CancellationToken stopping)
    {
        if (models.Names.Count == 0) return null;
        ClaimedJob? claimed = await table.ClaimAsync(models.Names, Guid.NewGuid().ToString("n"), stopping).ConfigureAwait(false);
        if (claimed is null) return null;
        feed.Wake();
        try
        {
            return await RunAsync(claimed, stopping).ConfigureAwait(false);
        }
        finally
        {
            feed.Wake();
        }
    }

    private async Task<ClaimedJobOutcome> RunAsync(ClaimedJob claimed, CancellationToken stopping)
    {
        var lease = new JobLease(claimed, table, _options, stopping);
        await using (lease.ConfigureAwait(false))
        {
            JobResult? result = null;
            try
            {
                result = await runner.RunAsync(JobDocument.Read(claimed.Document), lease.Report, lease.Stopped).ConfigureAwait(false);
            }
            catch (Exception e) when (e is OperationCanceledException or ObjectDisposedException)
            {
                // Cancelled, lost, or the worker stops: the lease knows.
            }
            catch (Exception e)
            {
                logger.AttemptFailed(e, claimed.Id);
                result = new JobResult { Error = JobError.FromException(e) };
            }

            await lease.EndRenewalAsync().ConfigureAwait(false);
            return await RecordAsync(claimed, lease, result).ConfigureAwait(false);
        }
    }

    private async Task<ClaimedJobOutcome> RecordAsync(ClaimedJob claimed, JobLease lease, JobResult? result)
    {
        const string TakenOver = "another worker took it over.";
        // What was done is recorded although the worker stops.
        CancellationToken none = CancellationToken.None;
        string id = claimed.Id;
        bool isCancelled = lease.IsCancelled, isRecorded;
        if (lease.IsLost) return new(id, TakenOver);
        if (result is { Error: null })
        {
            if (await table.EndAsync(claimed, JobState.Completed, result, lease.Progress, none).ConfigureAwait(false))
                return new(id, "completed.");
            isCancelled = await table.RenewAsync(claimed, lease.Progress, none).ConfigureAwait(false) == true;
            if (!isCancelled) return new(id, TakenOver);
        }

        if (isCancelled)
        {
            isRecorded = await table.EndAsync(claimed, JobState.Cancelled, null, lease.Progress, none).ConfigureAwait(false);
            if (isRecorded) await DeleteFilesAsync(id).ConfigureAwait(false);
            return new(id, isRecorded ? "cancelled." : TakenOver);
        }

        if (result is null)
        {
            isRecorded = await table.ReturnAsync(claimed, TimeSpan.Zero, counts: false, none).ConfigureAwait(false);
            return new(id, "the worker stops.") { IsReturned = isRecorded };
        }

        JobError error = result.Error!;
        if (error.Kind == JobErrorKind.Busy && claimed.Attempt < _options.MaximumAttempts)
        {
            isRecorded = await table.ReturnAsync(claimed, _options.RetryDelay, counts: true, none).ConfigureAwait(false);
            return new(id, isRecorded ? $"it is tried again: {error.Message}" : TakenOver);
        }

        isRecorded = await table.EndAsync(claimed, JobState.Failed, result, lease.Progress, none).ConfigureAwait(false);
        if (isRecorded) await DeleteFilesAsync(id).ConfigureAwait(false);
        return isRecorded ? new(id, "failed.") { Error = error } : new(id, TakenOver);
    }

    // After the end was recorded: where another worker took the job over, the files are that worker's.
    private async Task DeleteFilesAsync(string id)
    {
        try
        {
            await store.DeleteAsync(id).ConfigureAwait(false);
        }
        catch (Exception e)
        {
            logger.FilesLeft(e, id);
        }
    }
}
