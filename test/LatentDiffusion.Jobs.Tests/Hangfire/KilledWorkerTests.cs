using LatentDiffusion.Jobs.Worker;
using Xunit;

namespace LatentDiffusion.Jobs.Tests.Hangfire;

/// <summary>
/// Workers are killed at random moments: every job completes, once, with the bytes of an undisturbed pipeline, and nothing else is left.
/// </summary>
[Trait(TestCategories.Name, TestCategories.Long), Trait(TestCategories.Name, TestCategories.Soak)]
public sealed class KilledWorkerTests : IDisposable
{
    private const int Steps = 12;

    private readonly TemporaryFolder _folder = new();

    [Fact]
    public async Task A_killed_process_loses_no_job_in_SQLite()
    {
        const int Jobs = 30, Kills = 5;
        await RunAsync(new QueueLocation("sqlite", _folder["jobs.db"], _folder["store"]), 1, Jobs, Kills, null);
    }

    [Fact]
    public async Task Killed_workers_and_a_crashed_server_lose_no_job_in_PostgreSQL()
    {
        const int Jobs = 60, Kills = 5;
        if (TemporaryPostgreSql.FindPrograms() is null) Assert.Skip("PostgreSQL is not installed.");
        using TemporaryPostgreSql server = TemporaryPostgreSql.Open();
        await RunAsync(new QueueLocation("postgres", server.Create("jobs"), _folder["store"]), 3, Jobs, Kills, server);
    }

    public void Dispose()
    {
        Microsoft.Data.Sqlite.SqliteConnection.ClearAllPools();
        _folder.Dispose();
    }

    private async Task RunAsync(QueueLocation location, int workers, int jobs, int kills, TemporaryPostgreSql? server)
    {
        CancellationToken token = TestContext.Current.CancellationToken;
        await WorkerProcess.OutputAsync(BuildSettings.Worker, token, "alone", _folder["alone"], $"{jobs}", $"{Steps}");
        await using var run = await SoakRun.StartAsync(BuildSettings.Worker, location, workers, steps: Steps);
        await run.CompleteAsync(jobs, kills, server);
        run.Check(jobs, _folder["alone"]);
        Assert.True(run.Attempts > jobs, "No kill hit a running job.");
    }
}
