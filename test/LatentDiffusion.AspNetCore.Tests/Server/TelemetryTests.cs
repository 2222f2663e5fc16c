using System.Collections.Concurrent;
using System.Diagnostics.Metrics;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Xunit;

namespace LatentDiffusion.AspNetCore.Tests;

/// <summary>Logs and metrics.</summary>
public class TelemetryTests
{
    private const string Prompt = "a secret prompt about foxes";

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Prompts_are_logged_only_where_the_options_say_so(bool logs)
    {
        var log = new RecordedLog();
        await using ScriptedServer server = await ScriptedServer.StartAsync(
            o => o.LogPrompts = logs, builder => builder.Logging.SetMinimumLevel(LogLevel.Trace).AddProvider(log));
        string json = $$"""{"prompt": "{{Prompt}}", "negative_prompt": "{{Prompt}}"}""";
        using HttpResponseMessage response = await server.GenerateAsync(json);
        using HttpResponseMessage refused = await server.GenerateAsync(json.Replace("}", ", \"n\": \"wrong\"}"));

        Assert.Equal((200, 400), ((int)response.StatusCode, (int)refused.StatusCode));
        Assert.NotEmpty(log.Lines);
        Assert.Equal(logs, log.Lines.Any(line => line.Contains(Prompt)));
        Assert.DoesNotContain(log.Lines, line => line.Contains(RunningServer.Key));
    }

    [Fact]
    public async Task Jobs_images_and_refusals_are_measured()
    {
        await using ScriptedServer server = await ScriptedServer.StartAsync();
        var meters = server.Server.Services.GetRequiredService<IMeterFactory>();
        var measured = new ConcurrentBag<(string Name, double Value, string Tags)>();
        using var listener = new MeterListener
        {
            InstrumentPublished = (instrument, all) =>
            {
                if (instrument.Meter.Name == LatentDiffusionServerDefaults.MeterName && instrument.Meter.Scope == meters)
                    all.EnableMeasurementEvents(instrument);
            },
        };
        listener.SetMeasurementEventCallback<int>((instrument, value, tags, _) => measured.Add((instrument.Name, value, Text(tags))));
        listener.SetMeasurementEventCallback<double>((instrument, value, tags, _) => measured.Add((instrument.Name, value, Text(tags))));
        listener.Start();
        using HttpResponseMessage response = await server.GenerateAsync("""{"prompt": "a", "n": 2}""");
        using HttpResponseMessage refused = await server.GenerateAsync("{}");

        Assert.Contains(("latent_diffusion.server.image.count", 2, "gen_ai.request.model=scripted"), measured);
        Assert.Contains(("latent_diffusion.server.request.refused", 1, "http.response.status_code=400"), measured);
        Assert.Contains(
            measured, m => m.Name == "latent_diffusion.server.job.duration" && m.Tags.Contains("latent_diffusion.job.state=Completed"));
        Assert.Equal(0, measured.Where(m => m.Name == "latent_diffusion.server.clients.waiting").Sum(m => m.Value));
        Assert.Equal(2, measured.Count(m => m.Name == "latent_diffusion.server.clients.waiting"));

        static string Text(ReadOnlySpan<KeyValuePair<string, object?>> tags) =>
            string.Join(", ", tags.ToArray().Select(tag => $"{tag.Key}={tag.Value}"));
    }

    private sealed class RecordedLog : ILoggerProvider, ILogger
    {
        public ConcurrentQueue<string> Lines { get; } = new();

        public ILogger CreateLogger(string categoryName) => this;

        public IDisposable? BeginScope<TState>(TState state) where TState : notnull => null;

        public bool IsEnabled(LogLevel logLevel) => true;

        public void Log<TState>(
            LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter) =>
            Lines.Enqueue($"{formatter(state, exception)} {exception}");

        public void Dispose()
        {
        }
    }
}
