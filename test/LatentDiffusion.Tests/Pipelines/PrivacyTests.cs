using System.Diagnostics;
using LatentDiffusion.Tests.Diagnostics;
using Microsoft.Extensions.Logging;
using Xunit;

namespace LatentDiffusion.Tests.Pipelines;

/// <summary>Prompts stay with those who wrote them: neither logs nor spans have them, at any level.</summary>
public sealed class PrivacyTests(TinyModel model) : IClassFixture<TinyModel>
{
    private const string Secret = "a blue bird of unmistakable plumage";

    [Fact]
    public async Task Prompts_are_in_no_log_and_no_span()
    {
        var logs = new LogRecorder();
        var told = new List<string>();
        using var listener = new ActivityListener
        {
            ShouldListenTo = source => source.Name == LatentDiffusionDiagnostics.ActivitySourceName,
            Sample = (ref ActivityCreationOptions<ActivityContext> _) => ActivitySamplingResult.AllDataAndRecorded,
            ActivityStopped = activity =>
            {
                lock (told)
                    told.Add($"{activity.DisplayName} {activity.StatusDescription} " +
                        $"{string.Join(' ', activity.TagObjects)} {string.Join(' ', activity.Events.SelectMany(e => e.Tags))}");
            },
        };
        ActivitySource.AddActivityListener(listener);
        using DiffusionPipeline pipeline = model.Builder()
            .UseLoggerFactory(logs)
            .Configure(o => (o.MaxConcurrentGenerations, o.MaximumQueueLength) = (1, 0))
            .Build();
        // So long that it is cut, which is warned of.
        GenerationRequest request = ProbedModel.Request(string.Join(' ', Enumerable.Repeat(Secret, 5))) with
        {
            NegativePrompt = Secret, GuidanceScale = 5
        };
        pipeline.Generate(request);
        pipeline.Encode([request.Prompt]);
        using var cancelled = new CancellationTokenSource();
        await cancelled.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => pipeline.GenerateAsync(request, null, cancelled.Token));
        Assert.Throws<TimeoutException>(() => pipeline.Generate(request with { TimeLimit = TimeSpan.FromTicks(1) }));
        Assert.Throws<InvalidOperationException>(() => pipeline.Generate(request, new Failing()));
        Assert.Throws<InvalidOperationException>(() => pipeline.Generate(request, new Failing(() => pipeline.Generate(request))));

        Assert.Contains(logs.Lines, l => l.Level == LogLevel.Warning);
        Assert.Contains(logs.Lines, l => l.Level == LogLevel.Error);
        lock (told) Assert.NotEmpty(told);
        Assert.DoesNotContain(
            logs.Lines.Select(l => l.Text).Concat(told),
            text => text.Contains("unmistakable", StringComparison.Ordinal)
                || text.Contains("plumage", StringComparison.Ordinal));
    }

    private sealed class Failing(Action? action = null) : IProgress<GenerationProgress>
    {
        public void Report(GenerationProgress value)
        {
            action?.Invoke();
            throw new InvalidOperationException("a callback that fails");
        }
    }
}
