using Xunit;

namespace LatentDiffusion.Jobs.Tests.InProcess;

/// <summary>The order in which waiting jobs run.</summary>
public sealed class QueueOrderTests
{
    [Fact]
    public async Task Callers_take_turns()
    {
        await using var queue = new QueueFixture();
        await queue.AddAsync("first", "a");
        foreach (int i in Enumerable.Range(1, 4)) await queue.AddAsync($"a{i}", "a");
        foreach (int i in Enumerable.Range(1, 2)) await queue.AddAsync($"b{i}", "b");
        await queue.AddAsync("c1", "c");
        Assert.Equal("first b1 c1 a1 b2 a2 a3 a4", await queue.DrainAsync(8));
    }

    [Fact]
    public async Task A_caller_who_adds_one_job_at_a_time_does_not_overtake_others_forever()
    {
        await using var queue = new QueueFixture();
        await queue.AddAsync("b1", "b");
        await queue.AddAsync("b2", "b");
        await queue.AddAsync("b3", "b");
        await queue.AddAsync("a1", "a");
        var order = new List<string>();
        for (int next = 2; order.Count < 6; next++)
        {
            order.Add(await queue.Runs.NextAsync());
            if (order[^1][0] == 'a') await queue.AddAsync($"a{next}", "a");
            queue.Runs.Complete(order[^1]);
        }

        Assert.Equal("bababa", string.Concat(order.Select(id => id[0])));
    }

    [Fact]
    public async Task Higher_priorities_run_first()
    {
        await using var queue = new QueueFixture();
        await queue.AddAsync("running");
        await queue.AddAsync("low", priority: JobPriority.Low);
        await queue.AddAsync("normal");
        await queue.AddAsync("high1", priority: JobPriority.High);
        await queue.AddAsync("high2", priority: JobPriority.High);
        Assert.Equal("running high1 high2 normal low", await queue.DrainAsync(5));
    }

    [Fact]
    public async Task Cancelled_jobs_do_not_cost_their_caller_a_turn()
    {
        await using var queue = new QueueFixture();
        await queue.AddAsync("running", "x");
        foreach (int i in Enumerable.Range(1, 5)) await queue.AddAsync($"a{i}", "a");
        foreach (int i in Enumerable.Range(2, 4)) Assert.True(await queue.Queue.CancelAsync($"a{i}", Deadline.Token));
        foreach (int i in Enumerable.Range(1, 3)) await queue.AddAsync($"b{i}", "b");
        await queue.AddAsync("a6", "a");
        Assert.Equal("running a1 b1 a6 b2 b3", await queue.DrainAsync(6));
    }

    [Fact]
    public async Task Positions_and_lists_show_the_order()
    {
        await using var queue = new QueueFixture();
        await queue.AddAsync("done");
        Assert.Equal("done", await queue.DrainAsync(1));
        await queue.EndAsync("done");
        await queue.AddAsync("running", "a");
        await queue.AddAsync("a1", "a");
        await queue.AddAsync("b1", "b", JobPriority.High);
        IReadOnlyList<JobStatus> all = await queue.Queue.ListAsync(cancellationToken: Deadline.Token);
        Assert.Equal(
            [
                ("running", JobState.Running, null), ("b1", JobState.Queued, 0), ("a1", JobState.Queued, 1),
                ("done", JobState.Completed, null),
            ],
            all.Select(s => (s.Id, s.State, s.Position)));
        Assert.Equal(1, (await queue.Queue.FindAsync("a1", Deadline.Token))?.Position);
        Assert.Equal(["running", "a1"], (await queue.Queue.ListAsync("a", 5, Deadline.Token)).Select(s => s.Id));
        Assert.Equal(["running", "b1"], (await queue.Queue.ListAsync(null, 2, Deadline.Token)).Select(s => s.Id));
    }

    [Fact]
    public async Task As_many_jobs_run_at_once_as_the_options_say()
    {
        await using var queue = new QueueFixture(new JobQueueOptions { MaximumRunningJobs = 2 });
        foreach (int i in Enumerable.Range(1, 3)) await queue.AddAsync($"{i}");
        Assert.Equal(["1", "2"], new[] { await queue.Runs.NextAsync(), await queue.Runs.NextAsync() }.Order());
        Assert.Equal(JobState.Queued, (await queue.Queue.FindAsync("3", Deadline.Token))?.State);
        queue.Runs.Complete("2");
        Assert.Equal("3", await queue.Runs.NextAsync());
    }
}
