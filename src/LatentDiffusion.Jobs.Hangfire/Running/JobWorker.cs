using Hangfire;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;

namespace LatentDiffusion.Jobs.Hangfire;

/// <summary>
/// A process of the queue: creates the tables, announces the models, runs Hangfire's server, and returns the jobs of lost workers to the
/// queue. A process that does not run jobs takes part in the last.
/// </summary>
internal sealed class JobWorker(
    JobDatabase database, JobTable table, WorkerTable workers, Tickets tickets, ClaimedJobRunner runner, IModelCatalog models,
    IImageStore store, JobStorage storage, IOptions<HangfireJobOptions> options, IOptions<JobQueueOptions> limits,
    ILogger<JobWorker> logger) : BackgroundService
{
    // Older than what an enqueueing process needs from the job to its ticket.
    private static readonly TimeSpan s_overdue = TimeSpan.FromSeconds(2), s_sweepInterval = TimeSpan.FromSeconds(1);

    private readonly HangfireJobOptions _options = options.Value;
    private readonly string _id = $"{Environment.MachineName}-{Environment.ProcessId}-{Guid.NewGuid():n}";
    private readonly FileSweep _files = new(store, limits.Value.Retention, logger);
    private BackgroundJobServer? _server;

    private bool RunsJobs => _options.RunsJobs && models.Names.Count > 0;

    public override async Task StartAsync(CancellationToken cancellationToken)
    {
        await database.InitializeAsync(cancellationToken).ConfigureAwait(false);
        if (RunsJobs)
        {
            await workers.AnnounceAsync(_id, models.Names, cancellationToken).ConfigureAwait(false);
            _server = new BackgroundJobServer(ServerOptions(), storage);
            logger.WorkerStarted(_id, string.Join(", ", models.Names));
        }

        await base.StartAsync(cancellationToken).ConfigureAwait(false);
    }

    public override async Task StopAsync(CancellationToken cancellationToken)
    {
        _server?.SendStop();
        await base.StopAsync(cancellationToken).ConfigureAwait(false);
        if (_server is null) return;
        await _server.WaitForShutdownAsync(cancellationToken).ConfigureAwait(false);
        try
        {
            await workers.LeaveAsync(_id, cancellationToken).ConfigureAwait(false);
        }
        catch (Exception e) when (database.IsTransient(e))
        {
            logger.DatabaseAway(e);
        }
    }

    public override void Dispose()
    {
        _server?.Dispose();
        base.Dispose();
    }

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        Task files = _files.RunAsync(stoppingToken);
        await RunSweepsAsync(stoppingToken).ConfigureAwait(false);
        await files.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
    }

    private async Task RunSweepsAsync(CancellationToken stoppingToken)
    {
        using var timer = new PeriodicTimer(s_sweepInterval);
        bool isAway = false;
        do
        {
            try
            {
                await SweepAsync(stoppingToken).ConfigureAwait(false);
                isAway = false;
            }
            catch (Exception e) when (!stoppingToken.IsCancellationRequested)
            {
                if (!isAway) logger.DatabaseAway(e);
                isAway = true;
            }
        }
        while (await NextAsync(timer, stoppingToken).ConfigureAwait(false));
    }

    private async Task SweepAsync(CancellationToken cancellationToken)
    {
        if (RunsJobs) await workers.AnnounceAsync(_id, models.Names, cancellationToken).ConfigureAwait(false);
        foreach (string forgotten in await table.SweepAsync(cancellationToken).ConfigureAwait(false)) _files.Add(forgotten);
        await workers.SweepAsync(cancellationToken).ConfigureAwait(false);
        if (!RunsJobs) return;
        Dictionary<string, int> overdue = await table.OverdueAsync(s_overdue, cancellationToken).ConfigureAwait(false);
        foreach (string model in models.Names.Where(overdue.ContainsKey))
            tickets.EnsureAtLeast(model, Math.Min(overdue[model], limits.Value.MaximumRunningJobs));
    }

    private BackgroundJobServerOptions ServerOptions() => new()
    {
        ServerName = _id, WorkerCount = limits.Value.MaximumRunningJobs, Queues = [.. models.Names.Select(Tickets.QueueOf)],
        Activator = new TicketActivator(runner), HeartbeatInterval = _options.LeaseTime / 3, ServerTimeout = _options.LeaseTime * 3,
        ServerCheckInterval = _options.LeaseTime, StopTimeout = TimeSpan.FromSeconds(1),
    };

    private static async ValueTask<bool> NextAsync(PeriodicTimer timer, CancellationToken cancellationToken)
    {
        try
        {
            return await timer.WaitForNextTickAsync(cancellationToken).ConfigureAwait(false);
        }
        catch (OperationCanceledException)
        {
            return false;
        }
    }
}
