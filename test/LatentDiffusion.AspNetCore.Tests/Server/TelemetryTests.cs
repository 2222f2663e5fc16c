using System.Collections.Concurrent;
using System.Diagnostics.Metrics;
using System.Net.Http.Json;
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

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Jobs_of_the_page_are_logged_too(bool logs)
    {
        var log = new RecordedLog();
        await using ScriptedServer server = await ScriptedServer.StartAsync(
            o => o.LogPrompts = logs, builder => builder.Logging.SetMinimumLevel(LogLevel.Trace).AddProvider(log));
        using HttpResponseMessage response = await server.Client.PostAsJsonAsync("api/jobs", new { prompt = Prompt });

        Assert.Equal(201, (int)response.StatusCode);
        Assert.Contains(log.Lines, line => line.Contains($"of '{RunningServer.Caller}': 1 images by scripted"));
        Assert.Equal(logs, log.Lines.Any(line => line.Contains(Prompt)));
    }

    [Fact]
    public async Task Jobs_of_the_page_are_measured_at_their_end()
    {
        await using ScriptedServer server = await ScriptedServer.StartAsync();
        using var measured = new Measurements(server);
        using HttpResponseMessage response = await server.Client.PostAsJsonAsync("api/jobs", new { prompt = "a", image_count = 3 });

        Assert.Equal(201, (int)response.StatusCode);
        while (!measured.All.Contains(("latent_diffusion.server.image.count", 3, "gen_ai.request.model=scripted")))
            await Task.Delay(10, TestContext.Current.CancellationToken);
        Assert.Single(measured.All, m => m.Name == "latent_diffusion.server.job.duration");
        Assert.DoesNotContain(measured.All, m => m.Name == "latent_diffusion.server.clients.waiting");
    }

    [Fact]
    public async Task Jobs_images_and_refusals_are_measured()
    {
        await using ScriptedServer server = await ScriptedServer.StartAsync();
        using var measured = new Measurements(server);
        using HttpResponseMessage response = await server.GenerateAsync("""{"prompt": "a", "n": 2}""");
        using HttpResponseMessage refused = await server.GenerateAsync("{}");

        Assert.Contains(("latent_diffusion.server.image.count", 2, "gen_ai.request.model=scripted"), measured.All);
        Assert.Contains(("latent_diffusion.server.request.refused", 1, "http.response.status_code=400"), measured.All);
        Assert.Contains(
            measured.All,
            m => m.Name == "latent_diffusion.server.job.duration" && m.Tags.Contains("latent_diffusion.job.state=Completed"));
        Assert.Equal(0, measured.All.Where(m => m.Name == "latent_diffusion.server.clients.waiting").Sum(m => m.Value));
        Assert.Equal(2, measured.All.Count(m => m.Name == "latent_diffusion.server.clients.waiting"));
    }

    /// <summary>What a server measures.</summary>
    private sealed class Measurements : IDisposable
    {
        private readonly MeterListener _listener;

        public Measurements(ScriptedServer server)
        {
            var meters = server.Server.Services.GetRequiredService<IMeterFactory>();
            _listener = new MeterListener
            {
                InstrumentPublished = (instrument, all) =>
                {
                    if (instrument.Meter.Name == LatentDiffusionServerDefaults.MeterName && instrument.Meter.Scope == meters)
                        all.EnableMeasurementEvents(instrument);
                },
            };
            _listener.SetMeasurementEventCallback<int>((instrument, value, tags, _) => All.Add((instrument.Name, value, Text(tags))));
            _listener.SetMeasurementEventCallback<double>((instrument, value, tags, _) => All.Add((instrument.Name, value, Text(tags))));
            _listener.Start();
        }

        public ConcurrentBag<(string Name, double Value, string Tags)> All { get; } = [];

        public void Dispose() => _listener.Dispose();

        private static string Text(ReadOnlySpan<KeyValuePair<string, object?>> tags) =>
            string.Join(", ", tags.ToArray().Select(tag => $"{tag.Key}={tag.Value}"));
    }
}
