using System.Text;
using LatentDiffusion.Jobs;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Xunit;

namespace LatentDiffusion.AspNetCore.Tests;

/// <summary>Requests that a server cannot run to their end.</summary>
public class StopTests
{
    [Theory]
    [InlineData("v1/images/generations", """{ "prompt": "a" }""")]
    [InlineData("v1/images/generations", """{ "prompt": "a", "stream": true }""")]
    [InlineData("sdapi/v1/txt2img", """{ "prompt": "a" }""")]
    public async Task Requests_that_wait_end_when_the_server_stops(string path, string body)
    {
        await using ScriptedServer server = await ScriptedServer.StartAsync();
        server.Queue.Script = ScriptedQueue.Endless;
        Task<HttpResponseMessage> waiting = PostAsync(server, path, body);
        ImageJob job = await server.Queue.Added.ReadAsync(TestContext.Current.CancellationToken);
        server.Server.Services.GetRequiredService<IHostApplicationLifetime>().StopApplication();

        using HttpResponseMessage response = await waiting;
        await AssertUnavailableAsync(response, "The server stops");
        Assert.Equal(job.Id, await server.Queue.Cancelled.ReadAsync(TestContext.Current.CancellationToken));
        using HttpResponseMessage late = await PostAsync(server, path, body);
        await AssertUnavailableAsync(late, "The server stops");
        Assert.False(server.Queue.Added.TryRead(out _));
    }

    [Fact]
    public async Task Images_are_not_enlarged_while_the_server_stops()
    {
        await using ScriptedServer server = await ScriptedServer.StartAsync();
        server.Server.Services.GetRequiredService<IHostApplicationLifetime>().StopApplication();
        string image = Convert.ToBase64String(new SkiaImageCodec().EncodePng(new ImageBuffer(8, 8, new byte[192])));
        using HttpResponseMessage response =
            await PostAsync(server, "sdapi/v1/extra-single-image", $$"""{ "image": "{{image}}" }""");
        await AssertUnavailableAsync(response, "The server stops");
    }

    [Fact]
    public async Task The_web_UI_API_says_when_to_try_again()
    {
        await using ScriptedServer server = await ScriptedServer.StartAsync(o => o.RequestsPerMinute = 2);
        server.Queue.Refusal = _ => new QueueFullException("1000 jobs wait already.");
        using HttpResponseMessage full = await PostAsync(server, "sdapi/v1/txt2img", """{ "prompt": "a" }""");
        await AssertUnavailableAsync(full, "1000 jobs wait");
        server.Queue.Models = [];
        using HttpResponseMessage nobody = await PostAsync(server, "sdapi/v1/txt2img", """{ "prompt": "a" }""");
        await AssertUnavailableAsync(nobody, "No worker");
        using HttpResponseMessage many = await PostAsync(server, "sdapi/v1/txt2img", """{ "prompt": "a" }""");
        Assert.Equal(429, (int)many.StatusCode);
        Assert.InRange(many.Headers.RetryAfter!.Delta!.Value.TotalSeconds, 1, 60);
    }

    private static Task<HttpResponseMessage> PostAsync(ScriptedServer server, string path, string body) => server.Client.PostAsync(
        path, new StringContent(body, Encoding.UTF8, "application/json"), TestContext.Current.CancellationToken);

    private static async Task AssertUnavailableAsync(HttpResponseMessage response, string message)
    {
        Assert.Equal(503, (int)response.StatusCode);
        Assert.True(response.Headers.RetryAfter?.Delta > TimeSpan.Zero);
        Assert.Contains(message, await response.Content.ReadAsStringAsync(TestContext.Current.CancellationToken));
    }
}
