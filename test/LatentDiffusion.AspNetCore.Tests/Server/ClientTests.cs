using System.Net.Http.Json;
using System.Runtime.CompilerServices;
using System.Text.Json;
using LatentDiffusion.Jobs;
using Microsoft.Extensions.DependencyInjection;
using Xunit;

namespace LatentDiffusion.AspNetCore.Tests;

/// <summary>Clients that leave or read slowly.</summary>
public class ClientTests
{
    private static readonly TimeSpan s_patience = TimeSpan.FromSeconds(30);

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Jobs_of_clients_that_leave_are_cancelled(bool stream)
    {
        await using ScriptedServer server = await ScriptedServer.StartAsync();
        server.Queue.Script = ScriptedQueue.Endless;
        using var leaving = new CancellationTokenSource();
        Task<HttpResponseMessage> request = server.Client.PostAsJsonAsync(
            "v1/images/generations", new { prompt = "a fox", stream }, leaving.Token);
        ImageJob job = await server.Queue.Added.ReadAsync().AsTask().WaitAsync(s_patience);
        await leaving.CancelAsync();

        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => request);
        Assert.Equal(job.Id, await server.Queue.Cancelled.ReadAsync().AsTask().WaitAsync(s_patience));
    }

    [Fact]
    public async Task Jobs_of_clients_that_leave_within_a_stream_are_cancelled()
    {
        await using ScriptedServer server = await ScriptedServer.StartAsync();
        server.Queue.Script = PreviewAndWait;
        using var request = new HttpRequestMessage(HttpMethod.Post, "v1/images/generations")
        {
            Content = JsonContent.Create(new { prompt = "a fox", stream = true, partial_images = 1 }),
        };
        using (HttpResponseMessage response = await server.Client.SendAsync(request, HttpCompletionOption.ResponseHeadersRead))
            Assert.Equal(200, (int)response.StatusCode);

        await server.Queue.Cancelled.ReadAsync().AsTask().WaitAsync(s_patience);

        async IAsyncEnumerable<JobStatus> PreviewAndWait(ImageJob job, [EnumeratorCancellation] CancellationToken cancellationToken)
        {
            await server.Queue.Store.WriteAsync($"{job.Id}/p.png", new byte[1], cancellationToken);
            yield return ScriptedQueue.Status(job, JobState.Running) with
            {
                CompletedSteps = 1, TotalSteps = 2, Preview = new StoredImage($"{job.Id}/p.png", "image/png", 8, 8),
            };
            await Task.Delay(Timeout.Infinite, cancellationToken);
        }
    }

    [Fact]
    public async Task A_job_continues_while_another_client_follows_it()
    {
        await using ScriptedServer server = await ScriptedServer.StartAsync();
        server.Queue.Script = ScriptedQueue.Endless;
        var watcher = server.Server.Services.GetRequiredService<JobWatcher>();
        var job = new ImageJob { Model = ScriptedQueue.Model, Request = new GenerationRequest { Prompt = "a" } };
        using CancellationTokenSource first = new(), second = new();
        IAsyncEnumerator<JobStatus> runs = watcher.RunAsync(job, first.Token).GetAsyncEnumerator(first.Token);
        Assert.True(await runs.MoveNextAsync());
        IAsyncEnumerator<JobStatus> follows = watcher.FollowAsync(job.Id, second.Token).GetAsyncEnumerator(second.Token);
        Assert.True(await follows.MoveNextAsync());

        await runs.DisposeAsync();
        Assert.False(server.Queue.Cancelled.TryRead(out _));
        await follows.DisposeAsync();
        Assert.True(server.Queue.Cancelled.TryRead(out _));
    }

    [Fact]
    public async Task Slow_readers_hold_nobody_up_and_get_everything()
    {
        const int Images = 4;
        await using ScriptedServer server = await ScriptedServer.StartAsync();
        var large = new byte[3 << 20];
        Random.Shared.NextBytes(large);
        server.Queue.Script = (job, _) => Complete(job);
        using var request = new HttpRequestMessage(HttpMethod.Post, "v1/images/generations")
        {
            Content = JsonContent.Create(new { prompt = "a fox", stream = true, n = Images }),
        };
        using HttpResponseMessage slow = await server.Client.SendAsync(request, HttpCompletionOption.ResponseHeadersRead);

        for (int i = 0; i < 20; i++) Assert.Equal(200, (int)(await server.GenerateAsync("""{"prompt": "a"}""")).StatusCode);

        IReadOnlyList<(string Name, JsonElement Data)> events = await slow.ReadEventsAsync();
        Assert.Equal(Images, events.Count);
        Assert.All(events, e => Assert.True(large.AsSpan().SequenceEqual(e.Data.GetProperty("b64_json").GetBytesFromBase64())));

        async IAsyncEnumerable<JobStatus> Complete(ImageJob job)
        {
            yield return await server.Queue.CompleteAsync(job, job.Request.ImageCount == Images ? large : null);
        }
    }

    [Fact]
    public async Task Two_hundred_clients_at_once_are_served()
    {
        await using ScriptedServer server = await ScriptedServer.StartAsync();
        int[] statuses = await Task.WhenAll(Enumerable.Range(0, 200).Select(async i =>
        {
            string stream = i % 2 == 0 ? "true" : "false";
            using HttpResponseMessage response = await server.GenerateAsync($$"""{"prompt": "a", "stream": {{stream}}}""");
            return (int)response.StatusCode;
        }));

        Assert.All(statuses, status => Assert.Equal(200, status));
    }
}
