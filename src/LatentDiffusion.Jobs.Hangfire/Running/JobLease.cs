namespace LatentDiffusion.Jobs.Hangfire;

/// <summary>
/// The lease of a running job: renewed at every interval, with the newest progress. Stops the job when it is cancelled, when the worker
/// stops, and when the lease is lost or could not be renewed in time.
/// </summary>
internal sealed class JobLease : IAsyncDisposable
{
    private readonly ClaimedJob _job;
    private readonly JobTable _table;
    private readonly HangfireJobOptions _options;
    private readonly CancellationTokenSource _stop, _end = new();
    private readonly Task _renewal;
    private volatile JobProgress? _progress;

    public JobLease(ClaimedJob job, JobTable table, HangfireJobOptions options, CancellationToken stopping)
    {
        (_job, _table, _options) = (job, table, options);
        _stop = CancellationTokenSource.CreateLinkedTokenSource(stopping);
        _renewal = Task.Run(RenewAsync);
    }

    /// <summary>Cancelled when the job is to stop.</summary>
    public CancellationToken Stopped => _stop.Token;

    /// <summary>Another worker may have the job.</summary>
    public bool IsLost { get; private set; }

    /// <summary>The job was cancelled.</summary>
    public bool IsCancelled { get; private set; }

    public JobProgress? Progress => _progress;

    public void Report(JobProgress progress) => _progress = progress;

    /// <summary>Ends the renewal; the rest of the lease is for recording the result.</summary>
    public async Task EndRenewalAsync()
    {
        await _end.CancelAsync().ConfigureAwait(false);
        await _renewal.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
    }

    public async ValueTask DisposeAsync()
    {
        await EndRenewalAsync().ConfigureAwait(false);
        _end.Dispose();
        _stop.Dispose();
    }

    private async Task RenewAsync()
    {
        long renewed = TimeProvider.System.GetTimestamp();
        while (!_stop.IsCancellationRequested)
        {
            await Task.Delay(_options.UpdateInterval, _end.Token).ConfigureAwait(false);
            long asked = TimeProvider.System.GetTimestamp();
            bool? stops = false;
            // A server that does not answer must not keep this worker from noticing that the lease is over.
            using var answer = CancellationTokenSource.CreateLinkedTokenSource(_end.Token);
            TimeSpan rest = _options.LeaseTime - TimeProvider.System.GetElapsedTime(renewed);
            answer.CancelAfter(rest > TimeSpan.Zero ? rest : TimeSpan.Zero);
            try
            {
                stops = await _table.RenewAsync(_job, _progress, answer.Token).ConfigureAwait(false);
                renewed = asked;
            }
            catch (Exception) when (!_end.IsCancellationRequested)
            {
                // The database is away; it may come back before the lease is over.
            }

            if (stops == true) IsCancelled = true;
            else if (stops is null || TimeProvider.System.GetElapsedTime(renewed) >= _options.LeaseTime) IsLost = true;
            else continue;
            await _stop.CancelAsync().ConfigureAwait(false);
        }
    }
}
