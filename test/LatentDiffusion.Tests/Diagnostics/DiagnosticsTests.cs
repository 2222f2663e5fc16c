using System.Diagnostics;
using LatentDiffusion.Tests.Pipelines;
using Microsoft.Extensions.Logging;
using Xunit;

namespace LatentDiffusion.Tests.Diagnostics;

/// <summary>Logs, traces and metrics of a pipeline.</summary>
public sealed class DiagnosticsTests(TinyModel model) : IClassFixture<TinyModel>
{
    private const string Secret = "a secret blue bird";

    private static readonly GenerationRequest s_request = new() { Prompt = Secret, Seed = 7, Steps = 2, ImageCount = 3 };

    [Fact]
    public async Task A_generation_is_one_span_and_one_duration()
    {
        using var recorder = new TelemetryRecorder(LatentDiffusionDiagnostics.ActivitySourceName, "spanned");
        using DiffusionPipeline pipeline = model.Builder().Configure(o => (o.ModelId, o.MaxConcurrentGenerations) = ("spanned", 1)).Build();
        await pipeline.GenerateAsync(s_request);

        Activity span = Assert.Single(recorder.Spans);
        Assert.Equal(
            ("generate_content spanned", ActivityKind.Internal, ActivityStatusCode.Unset),
            (span.DisplayName, span.Kind, span.Status));
        var expected = new Dictionary<string, object>
        {
            ["gen_ai.operation.name"] = "generate_content", ["gen_ai.provider.name"] = "latent_diffusion", ["gen_ai.output.type"] = "image",
            ["gen_ai.request.choice.count"] = 3, ["gen_ai.request.seed"] = 7L,
            ["gen_ai.request.image.width"] = 16,
            ["latent_diffusion.request.steps"] = 2,
        };
        Assert.All(expected, e => Assert.Equal(e.Value, span.GetTagItem(e.Key)));
        Assert.True((double)span.GetTagItem("latent_diffusion.denoising.duration")! > 0);
        Assert.DoesNotContain(span.TagObjects, t => $"{t.Value}".Contains("secret", StringComparison.Ordinal));

        (string _, double seconds, Dictionary<string, object?> tags) =
            Assert.Single(recorder.Measurements, m => m.Name == "gen_ai.client.operation.duration");
        Assert.InRange(seconds, 1e-6, 60);
        Assert.Equal(["gen_ai.operation.name", "gen_ai.provider.name", "gen_ai.request.model"], tags.Keys.Order(StringComparer.Ordinal));
        Assert.Equal([3], recorder.Values("latent_diffusion.image.count"));
        Assert.Equal([1, -1], recorder.Values("latent_diffusion.generation.running"));
        Assert.Single(recorder.Values("latent_diffusion.generation.wait"));
    }

    [Fact]
    public void A_failure_has_its_type_in_span_and_metric_and_is_logged()
    {
        using var log = new LogRecorder();
        using var recorder = new TelemetryRecorder(LatentDiffusionDiagnostics.MeterName, "failing");
        using var probed = new ProbedModel(model.Folder);
        using DiffusionPipeline pipeline = probed.Builder().UseLoggerFactory(log).Configure(o => o.ModelId = "failing").Build();
        (Action Before, TimeSpan? Limit, Type Error, LogLevel Level, string Text)[] failures =
        [
            (() => throw new InvalidOperationException("broken"),
                null,
                typeof(InvalidOperationException),
                LogLevel.Error,
                "A generation failed"),
            (() => throw new OperationCanceledException(), null, typeof(OperationCanceledException), LogLevel.Information, "was cancelled"),
            // Long enough for the timer on a busy machine.
            (() => Thread.Sleep(500),
                TimeSpan.FromMilliseconds(10),
                typeof(TimeoutException),
                LogLevel.Warning,
                "longer than its time limit of 00:00:00.01"),
        ];
        foreach ((Action before, TimeSpan? limit, Type error, LogLevel level, string text) in failures)
        {
            recorder.Spans.Clear();
            recorder.Measurements.Clear();
            probed.BeforeEvaluation = before;
            Assert.IsType(error, Record.Exception(() => pipeline.Generate(ProbedModel.Request(Secret) with { TimeLimit = limit })));
            Activity span = Assert.Single(recorder.Spans);
            Assert.Equal((ActivityStatusCode.Error, error.FullName), (span.Status, span.GetTagItem("error.type")));
            Assert.Equal(
                error.FullName,
                Assert.Single(recorder.Measurements, m => m.Name == "gen_ai.client.operation.duration").Tags["error.type"]);
            Assert.Equal(0, recorder.Values("latent_diffusion.generation.running").Sum());
            Assert.Contains(log.Lines, l => l.Level == level && l.Text.Contains(text, StringComparison.Ordinal));
        }
    }

    [Fact]
    public void Loading_and_generating_are_logged_without_the_prompt()
    {
        using var log = new LogRecorder();
        using DiffusionPipeline pipeline = model.Builder().UseLoggerFactory(log).Build();
        pipeline.Generate(s_request with { Prompt = "a secret" });
        Assert.All(log.Lines, l => Assert.Equal("LatentDiffusion.DiffusionPipeline", l.Category));
        Assert.Equal([LogLevel.Information, LogLevel.Debug, LogLevel.Information], log.Lines.Select(l => l.Level));
        string[] lines = [.. log.Lines.Select(l => l.Text)];
        Assert.StartsWith("Model model is loaded, in ", lines[0], StringComparison.Ordinal);
        Assert.Equal("Generating 3 images of 16 x 16 pixels in 2 steps from seed 7.", lines[1]);
        Assert.StartsWith("Generated 3 images in ", lines[2], StringComparison.Ordinal);
        Assert.All(lines, l => Assert.DoesNotContain("secret", l, StringComparison.Ordinal));
    }

    [Fact]
    public void What_is_cut_of_a_prompt_is_logged_without_the_prompt()
    {
        using var log = new LogRecorder();
        GenerationRequest request = s_request with
        {
            Prompt = string.Join(' ', Enumerable.Repeat("secret", 30)),
            NegativePrompt = "", ImageCount = 1
        };
        using (DiffusionPipeline pipeline = model.Builder().UseLoggerFactory(log).Build()) pipeline.Generate(request);
        string warning = Assert.Single(log.Lines, l => l.Level == LogLevel.Warning).Text;
        Assert.Matches("^Prompt truncated: [0-9]+ tokens beyond the model's 14-token window[.]", warning);
        Assert.DoesNotContain("secret", warning, StringComparison.Ordinal);
        log.Lines.Clear();
        // With prompt weighting a prompt fills up to 16 windows.
        GenerationRequest shorter = request with { Prompt = string.Join(' ', Enumerable.Repeat("secret", 20)) };
        using (DiffusionPipeline pipeline = model.Builder().UsePromptWeighting().UseLoggerFactory(log).Build()) pipeline.Generate(shorter);
        // Nobody reads a negative prompt where nothing is guided.
        GenerationRequest unguided = request with { Prompt = "", NegativePrompt = request.Prompt, GuidanceScale = 1 };
        using (DiffusionPipeline pipeline = model.Builder().UseLoggerFactory(log).Build()) pipeline.Generate(unguided);
        Assert.DoesNotContain(log.Lines, l => l.Level == LogLevel.Warning);
        using (DiffusionPipeline pipeline = model.Builder().UseLoggerFactory(log).Build())
        {
            pipeline.Generate(unguided with { GuidanceScale = 2 });
            pipeline.Encode([request.Prompt]).Dispose();
        }

        Assert.Equal(2, log.Lines.Count(l => l.Level == LogLevel.Warning));
    }
}
