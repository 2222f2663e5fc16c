using LatentDiffusion.Jobs.Hangfire;
using Xunit;

namespace LatentDiffusion.Jobs.Tests.Hangfire;

/// <summary>Claims, leases and the order of jobs in SQLite.</summary>
public sealed class JobTableTests : IAsyncDisposable
{
    private static readonly string[] s_models = ["tiny"];

    private readonly TemporaryFolder _folder = new();
    private readonly SqliteDatabase _database;
    private readonly JobQueueOptions _limits = new();

    public JobTableTests() => _database = new SqliteDatabase(_folder["jobs.db"]);

    [Fact]
    public async Task Priorities_and_callers_take_turns()
    {
        JobTable table = await TableAsync();
        await AddAsync(table, "first", "a");
        Assert.Equal("first", await TakeAsync(table));
        await AddAsync(table, "low", "c", JobPriority.Low);
        foreach (int i in Enumerable.Range(1, 4)) await AddAsync(table, $"a{i}", "a");
        foreach (int i in Enumerable.Range(1, 2)) await AddAsync(table, $"b{i}", "b");
        await AddAsync(table, "c1", "c");
        await AddAsync(table, "high", "a", JobPriority.High);
        const string Expected = "high b1 c1 a1 b2 a2 a3 a4 low";
        IReadOnlyList<JobStatus> list = await table.ListAsync(null, 20, Deadline.Token);
        Assert.Equal("first " + Expected, string.Join(' ', list.Select(s => s.Id)));
        Assert.Equal(Enumerable.Range(0, 9).Select(i => (int?)i), list.Skip(1).Select(s => s.Position));
        Assert.Equal(4, (await table.FindAsync("b2", Deadline.Token))?.Position);
        var order = new List<string?>();
        while (await TakeAsync(table) is { } id) order.Add(id);
        Assert.Equal(Expected, string.Join(' ', order));
    }

    [Fact]
    public async Task Workers_take_only_jobs_of_their_models()
    {
        JobTable table = await TableAsync();
        await table.AddAsync(Job("1") with { Model = "huge" }, [1], Deadline.Token);
        Assert.Null(await TakeAsync(table));
        ClaimedJob? claimed = await table.ClaimAsync(["tiny", "huge"], "claim", Deadline.Token);
        Assert.Equal(("1", "huge", 1), (claimed?.Id, claimed?.Model, claimed?.Attempt));
    }

    [Fact]
    public async Task Concurrent_workers_never_take_the_same_job()
    {
        JobTable table = await TableAsync();
        foreach (int i in Enumerable.Range(0, 40)) await AddAsync(table, $"{i}", $"{i % 3}");
        string?[][] taken = await Task.WhenAll(Enumerable.Range(0, 4).Select(_ => Task.Run(async () =>
        {
            var mine = new List<string?>();
            while (await TakeAsync(table) is { } id) mine.Add(id);
            return mine.ToArray();
        })));
        Assert.Equal(Enumerable.Range(0, 40).Select(i => $"{i}").Order(), taken.SelectMany(t => t).Order());
    }

    [Fact]
    public async Task A_lost_workers_job_runs_again_and_only_the_new_claim_ends_it()
    {
        JobTable short_ = await TableAsync(o => o.LeaseTime = TimeSpan.Zero), usual = await TableAsync();
        await AddAsync(usual, "1");
        ClaimedJob lost = (await short_.ClaimAsync(s_models, "lost", Deadline.Token))!;
        ClaimedJob? second = null;
        while (second is null) second = await usual.ClaimAsync(s_models, "second", Deadline.Token);
        Assert.Equal(2, second.Attempt);
        Assert.Null(await usual.RenewAsync(lost, null, Deadline.Token));
        var images = new JobResult { Images = [new("1/0.png", "image/png", 8, 8, 3)] };
        Assert.False(await usual.EndAsync(lost, JobState.Completed, new JobResult(), null, Deadline.Token));
        Assert.False(await usual.RenewAsync(second, new JobProgress(2, 4, new("1/previews/2.png", "image/png", 1, 1)), Deadline.Token));
        JobStatus running = (await usual.FindAsync("1", Deadline.Token))!;
        Assert.Equal((JobState.Running, 2, 2, 4), (running.State, running.Attempts, running.CompletedSteps, running.TotalSteps));
        Assert.Equal("1/previews/2.png", running.Preview?.Name);
        Assert.True(await usual.EndAsync(second, JobState.Completed, images, new JobProgress(4, 4, null), Deadline.Token));
        Assert.False(await usual.EndAsync(second, JobState.Completed, images, null, Deadline.Token));
        JobStatus end = (await usual.FindAsync("1", Deadline.Token))!;
        Assert.Equal((JobState.Completed, 4, null), (end.State, end.CompletedSteps, end.Preview));
        Assert.Equal(images.Images, end.Images);
    }

    [Fact]
    public async Task Attempts_are_bounded_and_the_failure_says_why()
    {
        JobTable table = await TableAsync(o => (o.LeaseTime, o.MaximumAttempts) = (TimeSpan.Zero, 3));
        await AddAsync(table, "1");
        int attempts = 0;
        var deleted = new List<string>();
        while (await table.FindAsync("1", Deadline.Token) is { HasEnded: false })
        {
            Deadline.Token.ThrowIfCancellationRequested();
            if (await table.ClaimAsync(s_models, "claim", Deadline.Token) is not null) attempts++;
            deleted.AddRange(await table.SweepAsync(Deadline.Token));
        }

        Assert.Equal(3, attempts);
        Assert.Equal(["1"], deleted);
        JobStatus end = (await table.FindAsync("1", Deadline.Token))!;
        Assert.Equal((JobState.Failed, JobErrorKind.Internal), (end.State, end.Error?.Kind));
        Assert.Contains("worker", end.Error!.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Waiting_jobs_are_cancelled_at_once_and_running_ones_by_their_worker()
    {
        JobTable table = await TableAsync();
        await AddAsync(table, "1");
        await AddAsync(table, "2");
        ClaimedJob running = (await table.ClaimAsync(s_models, "claim", Deadline.Token))!;
        Assert.False(await table.RenewAsync(running, null, Deadline.Token));
        Assert.True(await table.CancelAsync("1", Deadline.Token));
        Assert.True(await table.CancelAsync("2", Deadline.Token));
        Assert.False(await table.CancelAsync("2", Deadline.Token));
        Assert.False(await table.CancelAsync("3", Deadline.Token));
        Assert.Equal(JobState.Cancelled, (await table.FindAsync("2", Deadline.Token))?.State);
        Assert.Equal(JobState.Running, (await table.FindAsync("1", Deadline.Token))?.State);
        Assert.True(await table.RenewAsync(running, null, Deadline.Token));
        Assert.True(await table.EndAsync(running, JobState.Cancelled, null, null, Deadline.Token));
        Assert.Equal(JobState.Cancelled, (await table.FindAsync("1", Deadline.Token))?.State);
    }

    [Fact]
    public async Task A_cancelled_job_whose_worker_completes_it_or_is_lost_stays_cancelled()
    {
        JobTable usual = await TableAsync(), short_ = await TableAsync(o => o.LeaseTime = TimeSpan.Zero);
        await AddAsync(usual, "1");
        await AddAsync(usual, "2");
        ClaimedJob completed = (await usual.ClaimAsync(s_models, "claim", Deadline.Token))!;
        Assert.True(await usual.CancelAsync("1", Deadline.Token));
        Assert.False(await usual.EndAsync(completed, JobState.Completed, new JobResult(), null, Deadline.Token));
        Assert.True(await usual.RenewAsync(completed, null, Deadline.Token));
        Assert.NotNull(await short_.ClaimAsync(s_models, "lost", Deadline.Token));
        Assert.True(await usual.CancelAsync("2", Deadline.Token));
        while (await usual.FindAsync("2", Deadline.Token) is { HasEnded: false })
        {
            Deadline.Token.ThrowIfCancellationRequested();
            await usual.SweepAsync(Deadline.Token);
        }

        Assert.Equal(JobState.Cancelled, (await usual.FindAsync("2", Deadline.Token))?.State);
    }

    [Fact]
    public async Task Returned_jobs_keep_their_place_and_their_attempts_if_the_worker_was_at_fault()
    {
        JobTable table = await TableAsync();
        await AddAsync(table, "1");
        await AddAsync(table, "2");
        ClaimedJob first = (await table.ClaimAsync(s_models, "claim", Deadline.Token))!;
        Assert.True(await table.ReturnAsync(first, TimeSpan.Zero, counts: false, Deadline.Token));
        ClaimedJob again = (await table.ClaimAsync(s_models, "claim", Deadline.Token))!;
        Assert.Equal(("1", 1), (again.Id, again.Attempt));
        Assert.True(await table.ReturnAsync(again, TimeSpan.FromHours(1), counts: true, Deadline.Token));
        Assert.Equal("2", await TakeAsync(table));
        Assert.Null(await TakeAsync(table));
        Assert.Equal(1, (await table.FindAsync("1", Deadline.Token))?.Attempts);
    }

    [Fact]
    public async Task Limits_and_identifiers_are_checked()
    {
        (_limits.MaximumQueueLength, _limits.MaximumQueueLengthPerCaller) = (3, 2);
        JobTable table = await TableAsync();
        await AddAsync(table, "1", "a");
        await Assert.ThrowsAsync<ArgumentException>("Id", () => AddAsync(table, "1", "b"));
        await AddAsync(table, "2", "a");
        await Assert.ThrowsAsync<QueueFullException>(() => AddAsync(table, "3", "a"));
        await AddAsync(table, "4", "b");
        QueueFullException full = await Assert.ThrowsAsync<QueueFullException>(() => AddAsync(table, "5", "c"));
        Assert.StartsWith("3 jobs", full.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Old_jobs_are_forgotten()
    {
        JobTable table = await TableAsync();
        await AddAsync(table, "done");
        await AddAsync(table, "waiting");
        ClaimedJob done = (await table.ClaimAsync(s_models, "claim", Deadline.Token))!;
        await table.EndAsync(done, JobState.Completed, new JobResult(), null, Deadline.Token);
        Assert.Empty(await table.SweepAsync(Deadline.Token));
        _limits.Retention = TimeSpan.Zero;
        Assert.Equal(["done"], await table.SweepAsync(Deadline.Token));
        Assert.Equal(["waiting"], (await table.ListAsync(null, 9, Deadline.Token)).Select(s => s.Id));
        Assert.Equal(1, (await table.OverdueAsync(TimeSpan.Zero, Deadline.Token))["tiny"]);
        Assert.Empty(await table.OverdueAsync(TimeSpan.FromHours(1), Deadline.Token));
    }

    [Fact]
    public async Task A_list_has_the_newest_of_the_ended_jobs_after_the_others()
    {
        JobTable table = await TableAsync();
        foreach (string id in (string[])["old", "middle", "new"])
        {
            await AddAsync(table, id, "a");
            ClaimedJob claimed = (await table.ClaimAsync(s_models, id, Deadline.Token))!;
            await table.EndAsync(claimed, JobState.Completed, new JobResult(), null, Deadline.Token);
        }

        await AddAsync(table, "running", "b");
        await TakeAsync(table);
        await AddAsync(table, "waiting", "a");
        Assert.Equal("running waiting new middle old", await ListAsync(null, 9));
        Assert.Equal("running waiting new", await ListAsync(null, 3));
        Assert.Equal("running", await ListAsync(null, 1));
        Assert.Equal("waiting new middle", await ListAsync("a", 3));
        Assert.Equal("running", await ListAsync("b", 3));
        Assert.Equal("", await ListAsync(null, 0));

        async Task<string> ListAsync(string? caller, int count) =>
            string.Join(' ', (await table.ListAsync(caller, count, Deadline.Token)).Select(s => s.Id));
    }

    [Fact]
    public async Task Models_are_those_of_running_workers_and_stay_known_for_a_while()
    {
        await TableAsync();
        var options = new HangfireJobOptions();
        var workers = new WorkerTable(_database, _limits, options);
        await workers.AnnounceAsync("1", ["tiny", "huge"], Deadline.Token);
        await workers.AnnounceAsync("2", ["other", "tiny"], Deadline.Token);
        await workers.AnnounceAsync("2", ["other", "tiny"], Deadline.Token);
        Assert.Equal(["huge", "other", "tiny"], (await workers.ModelsAsync(true, Deadline.Token)).Order());
        await workers.LeaveAsync("1", Deadline.Token);
        Assert.Equal(["other", "tiny"], await workers.ModelsAsync(true, Deadline.Token));
        Assert.Equal(3, (await workers.ModelsAsync(false, Deadline.Token)).Count);
    }

    public async ValueTask DisposeAsync()
    {
        await _database.DisposeAsync();
        Microsoft.Data.Sqlite.SqliteConnection.ClearAllPools();
        _folder.Dispose();
    }

    private async Task<JobTable> TableAsync(Action<HangfireJobOptions>? configure = null)
    {
        var options = new HangfireJobOptions();
        configure?.Invoke(options);
        await _database.InitializeAsync(Deadline.Token);
        return new JobTable(_database, _limits, options);
    }

    private static ImageJob Job(string id) =>
        new() { Id = id, Model = "tiny", Request = new GenerationRequest { Prompt = "a blue bird" } };

    private static Task AddAsync(JobTable table, string id, string caller = "", JobPriority priority = JobPriority.Normal) =>
        table.AddAsync(Job(id) with { Caller = caller, Priority = priority }, [1], Deadline.Token);

    private static async Task<string?> TakeAsync(JobTable table) =>
        (await table.ClaimAsync(s_models, Guid.NewGuid().ToString(), Deadline.Token))?.Id;
}
