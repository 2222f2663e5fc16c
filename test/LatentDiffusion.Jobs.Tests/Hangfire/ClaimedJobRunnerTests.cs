using LatentDiffusion.Jobs.Hangfire;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Options;
using Xunit;

namespace LatentDiffusion.Jobs.Tests.Hangfire;

/// <summary>How the runner of claimed jobs ends them.</summary>
public sealed class ClaimedJobRunnerTests : IAsyncDisposable
{
    private readonly TemporaryFolder _folder = new();
    private readonly SqliteDatabase _database;
    private readonly FailingStore _store = new();
    private readonly JobTable _table;
    private readonly HangfireJobOptions _options = new()
    {
        LeaseTime = TimeSpan.FromMinutes(10), UpdateInterval = TimeSpan.FromSeconds(10),
    };

    public ClaimedJobRunnerTests()
    {
        _database = new SqliteDatabase(_folder["jobs.db"]);
        _table = new JobTable(_database, new JobQueueOptions(), _options);
    }

    [Theory]
    [InlineData(false, "failed.")]
    [InlineData(true, "another worker took it over.")]
    public async Task A_failed_job_loses_its_files_unless_another_worker_has_it(bool isTakenOver, string expected)
    {
        await _database.InitializeAsync(Deadline.Token);
        var job = new ImageJob { Id = "1", Model = "tiny", Request = new GenerationRequest { Prompt = "a bird", Seed = 1 } };
        await _table.AddAsync(job, JobDocument.Write(job), Deadline.Token);
        await _store.WriteAsync("1/0.png", new byte[1], Deadline.Token);
        var models = new Interrupted(async () =>
        {
            if (isTakenOver) await _database.ChangeAsync($"UPDATE {_database.Jobs} SET worker = 'b'", [], _ => 0, Deadline.Token);
        });
        await using var feed = new StatusFeed(_table, Options.Create(_options));
        var runner = new ClaimedJobRunner(
            models, _table, new JobRunner(models, _store), _store, feed, Options.Create(_options), NullLogger<ClaimedJobRunner>.Instance);

        ClaimedJobOutcome? outcome = await runner.RunNextAsync(Deadline.Token);

        Assert.Equal(expected, outcome?.Description);
        Assert.Equal(isTakenOver, _store.Files.ContainsKey("1/0.png"));
    }

    public async ValueTask DisposeAsync()
    {
        await _database.DisposeAsync();
        Microsoft.Data.Sqlite.SqliteConnection.ClearAllPools();
        _folder.Dispose();
    }

    /// <summary>A model that something happens to before it fails to load.</summary>
    private sealed class Interrupted(Func<Task> before) : IModelCatalog
    {
        public IReadOnlyList<string> Names => ["tiny"];

        public DiffusionPipeline Get(string name)
        {
            before().GetAwaiter().GetResult();
            throw new InvalidDataException("The model is broken.");
        }
    }
}
