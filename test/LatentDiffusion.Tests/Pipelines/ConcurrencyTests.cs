using System.ComponentModel.DataAnnotations;
using Xunit;

namespace LatentDiffusion.Tests.Pipelines;

/// <summary>How many generations run at once, in what order, and for how long.</summary>
public sealed class ConcurrencyTests(TinyModel model) : IClassFixture<TinyModel>
{
    private static readonly TimeSpan s_patience = TimeSpan.FromSeconds(60);

    [Fact]
    public async Task As_many_run_at_once_as_may_and_no_more()
    {
        using var probed = new ProbedModel(model.Folder);
        using DiffusionPipeline pipeline = probed.Builder().Configure(o => o.MaxConcurrentGenerations = 2).Build();
        using var both = new CountdownEvent(2);
        int running = 0, most = 0;
        probed.BeforeEvaluation = () =>
        {
            int now = Interlocked.Increment(ref running);
            lock (probed) most = Math.Max(most, now);
            // The first two meet here, or the test ends: they do run at once.
            if (!both.IsSet)
            {
                both.Signal();
                Assert.True(both.Wait(s_patience));
            }

            Thread.Sleep(2);
            Interlocked.Decrement(ref running);
        };
        GenerationResult[] results = await Task.WhenAll(
            Enumerable.Range(0, 6).Select(i => pipeline.GenerateAsync(ProbedModel.Request($"{i}"))));
        Assert.Equal(2, most);
        Assert.All(results, r => Assert.Equal(results[0].Images[0].Seed, r.Images[0].Seed));
    }

    [Fact]
    public async Task Waiting_calls_are_served_in_order_and_cancelled_ones_never()
    {
        using var probed = new ProbedModel(model.Folder);
        using DiffusionPipeline pipeline = probed.Builder().Configure(o => o.MaxConcurrentGenerations = 1).Build();
        using var gate = new ManualResetEventSlim();
        probed.BeforeEvaluation = () => Assert.True(gate.Wait(s_patience));
        using var cancellation = new CancellationTokenSource();
        Task<GenerationResult>[] all =
        [
            .. Enumerable.Range(0, 5)
                .Select(i => pipeline.GenerateAsync(ProbedModel.Request($"{i}"), null, i == 2 ? cancellation.Token : default)),
        ];
        Task<GenerationResult> blocking = Task.Run(() => pipeline.Generate(ProbedModel.Request("blocking")));
        await cancellation.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => all[2]);
        gate.Set();
        await Task.WhenAll([.. all.Where((_, i) => i != 2), blocking]);
        Assert.Equal(["0", "1", "3", "4"], probed.Encoded.Where(p => p != "blocking"));
        Assert.Contains("blocking", probed.Encoded);
    }

    [Fact]
    public async Task A_time_limit_ends_a_generation_within_one_evaluation()
    {
        using var probed = new ProbedModel(model.Folder);
        using DiffusionPipeline pipeline = probed.Builder().Build();
        probed.BeforeEvaluation = () => Thread.Sleep(20);
        GenerationRequest request = ProbedModel.Request("slow") with { Steps = 1000, TimeLimit = TimeSpan.FromMilliseconds(100) };
        var e = await Assert.ThrowsAsync<TimeoutException>(() => pipeline.GenerateAsync(request));
        Assert.Contains("00:00:00.1", e.Message, StringComparison.Ordinal);
        // Each takes at least 20 ms: five within the time, and the one it ended in, however late the timer is.
        Assert.InRange(probed.Evaluations, 0, 6);
        Assert.IsType<TimeoutException>(Record.Exception(() => pipeline.Generate(request)));
    }

    [Fact]
    public async Task Waiting_counts_and_the_pipelines_limit_is_the_default()
    {
        using var probed = new ProbedModel(model.Folder);
        using DiffusionPipeline pipeline = probed.Builder()
            .Configure(o => (o.MaxConcurrentGenerations, o.TimeLimit) = (1, TimeSpan.FromMilliseconds(50))).Build();
        using var gate = new ManualResetEventSlim();
        probed.BeforeEvaluation = () => Assert.True(gate.Wait(s_patience));
        Task<GenerationResult> first = pipeline.GenerateAsync(ProbedModel.Request("first") with { TimeLimit = TimeSpan.FromDays(1) });
        await Assert.ThrowsAsync<TimeoutException>(() => pipeline.GenerateAsync(ProbedModel.Request("second")));
        gate.Set();
        Assert.Single((await first).Images);
        Assert.Equal(["first"], probed.Encoded);
    }

    [Fact]
    public async Task The_callers_cancellation_is_not_taken_for_the_time_limit()
    {
        using var probed = new ProbedModel(model.Folder);
        using DiffusionPipeline pipeline = probed.Builder().Build();
        using var cancellation = new CancellationTokenSource();
        probed.BeforeEvaluation = cancellation.Cancel;
        await Assert.ThrowsAnyAsync<OperationCanceledException>(
            () => pipeline.GenerateAsync(
                ProbedModel.Request("a") with { Steps = 20, TimeLimit = TimeSpan.FromDays(1) },
                null,
                cancellation.Token));
        Assert.Equal(1, probed.Evaluations);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(-1)]
    [InlineData(25 * 24 * 3600)]
    public void A_time_limit_out_of_range_is_refused(int seconds)
    {
        using var probed = new ProbedModel(model.Folder);
        using DiffusionPipeline pipeline = probed.Builder().Build();
        var limit = TimeSpan.FromSeconds(seconds);
        var e = Assert.Throws<ArgumentException>(() => pipeline.Generate(ProbedModel.Request("a") with { TimeLimit = limit }));
        Assert.StartsWith($"TimeLimit is {limit}", e.Message, StringComparison.Ordinal);
        Assert.Contains(
            "TimeLimit",
            Assert.Throws<ValidationException>(() => probed.Builder().Configure(o => o.TimeLimit = limit).Build()).Message,
            StringComparison.Ordinal);
        Assert.Empty(probed.Encoded);
    }

    [Fact]
    public async Task A_disposed_pipeline_says_so_to_every_caller()
    {
        using var probed = new ProbedModel(model.Folder);
        DiffusionPipeline pipeline = probed.Builder().Configure(o => o.MaxConcurrentGenerations = 1).Build();
        using var gate = new ManualResetEventSlim();
        probed.BeforeEvaluation = () => Assert.True(gate.Wait(s_patience));
        Task<GenerationResult> running = pipeline.GenerateAsync(ProbedModel.Request("running")),
            waiting = pipeline.GenerateAsync(ProbedModel.Request("waiting"));
        Task disposing = pipeline.DisposeAsync().AsTask();
        await Assert.ThrowsAsync<ObjectDisposedException>(() => waiting);
        Assert.Throws<ObjectDisposedException>(() => pipeline.Generate(ProbedModel.Request("late")));
        gate.Set();
        await Assert.ThrowsAsync<ObjectDisposedException>(() => running);
        await disposing;
    }
}
