using Xunit;

namespace LatentDiffusion.Jobs.Tests.InProcess;

/// <summary>Progress, cancellation, failures, limits and retention.</summary>
public sealed class QueueLifecycleTests
{
    private static readonly StoredImage s_image = new("1/0.png", "image/png", 8, 8, 7);

    [Fact]
    public async Task Watching_shows_progress_and_ends_with_the_job()
    {
        await using var queue = new QueueFixture();
        await queue.AddAsync("1");
        await using IAsyncEnumerator<JobStatus> statuses = queue.Queue.WatchAsync("1", Deadline.Token).GetAsyncEnumerator(Deadline.Token);
        await queue.Runs.NextAsync();
        Assert.True(await statuses.MoveNextAsync());
        Assert.Equal(JobState.Running, statuses.Current.State);
        var preview = new StoredImage("1/previews/2.png", "image/png", 4, 4);
        queue.Runs.Progress("1", new JobProgress(1, 3, null));
        queue.Runs.Progress("1", new JobProgress(2, 3, preview));
        Assert.True(await statuses.MoveNextAsync());
        Assert.Equal((2, 3, preview), (statuses.Current.CompletedSteps, statuses.Current.TotalSteps, statuses.Current.Preview));
        queue.Runs.Complete("1", new JobResult { Images = [s_image] });
        Assert.True(await statuses.MoveNextAsync());
        Assert.Equal(JobState.Completed, statuses.Current.State);
        Assert.Equal([s_image], statuses.Current.Images);
        Assert.Null(statuses.Current.Preview);
        Assert.NotNull(statuses.Current.Ended);
        Assert.False(await statuses.MoveNextAsync());
    }

    [Fact]
    public async Task Unknown_jobs_yield_nothing()
    {
        await using var queue = new QueueFixture();
        Assert.Empty(await queue.Queue.WatchAsync("1", Deadline.Token).ToListAsync(Deadline.Token));
        Assert.Null(await queue.Queue.FindAsync("1", Deadline.Token));
        Assert.False(await queue.Queue.CancelAsync("1", Deadline.Token));
    }

    [Fact]
    public async Task A_waiting_job_is_cancelled_and_never_runs()
    {
        await using var queue = new QueueFixture();
        await queue.AddAsync("1");
        await queue.AddAsync("2");
        await queue.AddAsync("3");
        Assert.True(await queue.Queue.CancelAsync("2", Deadline.Token));
        Assert.Equal(JobState.Cancelled, (await queue.EndAsync("2")).State);
        Assert.False(await queue.Queue.CancelAsync("2", Deadline.Token));
        Assert.Equal("1 3", await queue.DrainAsync(2));
    }

    [Fact]
    public async Task Cancelled_jobs_leave_no_files()
    {
        await using var queue = new QueueFixture();
        await queue.AddAsync("1");
        await queue.Runs.NextAsync();
        await queue.Store.WriteAsync("1/previews/1.png", new byte[] { 1 }, Deadline.Token);
        Assert.True(await queue.Queue.CancelAsync("1", Deadline.Token));
        Assert.Equal(JobState.Cancelled, (await queue.EndAsync("1")).State);
        Assert.False(Directory.Exists(Path.Combine(queue.Store.Folder, "1")));
    }

    [Fact]
    public async Task A_failure_is_described_without_details_of_the_machine_and_the_next_job_runs()
    {
        await using var queue = new QueueFixture();
        await queue.AddAsync("1");
        await queue.AddAsync("2");
        await queue.AddAsync("3");
        queue.Runs.Fail(await queue.Runs.NextAsync(), new IOException("/secret/path"));
        JobStatus failed = await queue.EndAsync("1");
        Assert.Equal((JobState.Failed, JobErrorKind.Internal), (failed.State, failed.Error?.Kind));
        Assert.DoesNotContain("secret", failed.Error!.Message, StringComparison.Ordinal);
        queue.Runs.Complete(await queue.Runs.NextAsync(), new JobResult { Error = new(JobErrorKind.TimedOut, "late") });
        Assert.Equal(new JobError(JobErrorKind.TimedOut, "late"), (await queue.EndAsync("2")).Error);
        Assert.Equal("3", await queue.DrainAsync(1));
    }

    [Fact]
    public async Task Jobs_beyond_the_limits_are_refused()
    {
        await using var queue = new QueueFixture(new JobQueueOptions { MaximumQueueLength = 3, MaximumQueueLengthPerCaller = 2 });
        await queue.AddAsync("1", "a");
        await queue.AddAsync("2", "a");
        await queue.AddAsync("3", "a");
        await Assert.ThrowsAsync<QueueFullException>(() => queue.AddAsync("4", "a"));
        await queue.AddAsync("5", "b");
        QueueFullException full = await Assert.ThrowsAsync<QueueFullException>(() => queue.AddAsync("6", "c"));
        Assert.Contains('3', full.Message);
        Assert.Equal("1 5 2 3", await queue.DrainAsync(4));
    }

    [Fact]
    public async Task Wrong_jobs_are_refused_with_the_name_of_the_value()
    {
        await using var queue = new QueueFixture();
        ImageJob job = QueueFixture.Job("1");
        (ImageJob Job, string Name)[] wrong =
        [
            (job with { Id = "../1" }, "Id"), (job with { Model = "" }, "Model"), (job with { Caller = new string('c', 201) }, "Caller"),
            (job with { Format = new ImageFormat("image/jpeg", 101) }, "Quality"), (job with { PreviewEvery = -1 }, "PreviewEvery"),
            (job with { Priority = (JobPriority)7 }, "Priority"), (job with { Request = null! }, "Request"),
        ];
        foreach ((ImageJob each, string name) in wrong)
        {
            ArgumentException e = await Assert.ThrowsAsync<ArgumentException>(() => queue.Queue.EnqueueAsync(each, Deadline.Token));
            Assert.Equal(name, e.ParamName);
        }

        UnknownModelException unknown = await Assert.ThrowsAsync<UnknownModelException>(
            () => queue.Queue.EnqueueAsync(job with { Model = "huge" }, Deadline.Token));
        Assert.Contains("tiny, other", unknown.Message, StringComparison.Ordinal);
        await queue.Queue.EnqueueAsync(job, Deadline.Token);
        await Assert.ThrowsAsync<ArgumentException>("Id", () => queue.Queue.EnqueueAsync(job, Deadline.Token));
    }

    [Fact]
    public async Task Ended_jobs_and_their_files_are_forgotten_after_the_retention_time()
    {
        await using var queue = new QueueFixture(new JobQueueOptions { Retention = TimeSpan.FromHours(1) });
        await queue.AddAsync("1");
        await queue.Runs.NextAsync();
        await queue.Store.WriteAsync("1/0.png", new byte[] { 1 }, Deadline.Token);
        queue.Runs.Complete("1", new JobResult { Images = [s_image] });
        await queue.EndAsync("1");
        queue.Time.Advance(TimeSpan.FromMinutes(59));
        Assert.NotNull(await queue.Queue.FindAsync("1", Deadline.Token));
        Assert.NotNull(await ReadAsync());
        queue.Time.Advance(TimeSpan.FromMinutes(1));
        Assert.Null(await queue.Queue.FindAsync("1", Deadline.Token));
        while (await ReadAsync() is { } stream)
        {
            await stream.DisposeAsync();
            Deadline.Token.ThrowIfCancellationRequested();
            await Task.Yield();
        }

        async Task<Stream?> ReadAsync() => await queue.Store.OpenReadAsync("1/0.png", Deadline.Token);
    }

    [Fact]
    public async Task Disposal_ends_waiting_and_running_jobs_and_their_watchers()
    {
        var queue = new QueueFixture();
        await queue.AddAsync("1");
        await queue.AddAsync("2");
        await queue.Runs.NextAsync();
        Task<JobStatus> first = queue.EndAsync("1"), second = queue.EndAsync("2");
        await queue.DisposeAsync();
        Assert.Equal(JobState.Cancelled, (await first).State);
        Assert.Equal(JobState.Cancelled, (await second).State);
        Assert.False(queue.Runs.HasStarted);
        await Assert.ThrowsAsync<ObjectDisposedException>(() => queue.AddAsync("3"));
    }
}
