using LatentDiffusion.Jobs;
using Microsoft.AspNetCore.Builder;
using Xunit;

namespace LatentDiffusion.AspNetCore.Tests.WebUI;

/// <summary>The request of a caller that has many other jobs.</summary>
public sealed class CurrentRequestTests
{
    private const int Others = 1100;

    [Fact]
    public async Task Requests_behind_many_other_jobs_are_found_and_interrupted()
    {
        await using ScriptedServer server = await ScriptedServer.StartAsync(map: app => app.MapWebUIApi());
        CancellationToken stop = TestContext.Current.CancellationToken;
        var client = new WebUIClient(server.Client);
        server.Queue.Script = ScriptedQueue.Endless;
        for (int i = 0; i < Others; i++) await server.Queue.EnqueueAsync(Other(i), stop);
        while (server.Queue.Added.TryRead(out _))
        {
        }

        using var left = new CancellationTokenSource();
        Task<HttpResponseMessage> running = client.SendAsync("txt2img", WebUIClient.Small().ToJsonString(), left.Token);
        ImageJob job = await server.Queue.Added.ReadAsync(stop);
        Assert.Equal(1, (await client.GetAsync("progress"))["state"]!["job_count"]!.GetValue<int>());
        await client.PostAsync("interrupt");
        Assert.True(server.Queue.Cancelled.TryRead(out string? cancelled));
        Assert.Equal(job.Id, cancelled);
        await client.PostAsync("skip");
        Assert.True(server.Queue.Cancelled.TryRead(out cancelled));
        Assert.Equal(job.Id, cancelled);
        await left.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => running);
    }

    private static ImageJob Other(int number) => new()
    {
        Id = $"other{number}", Model = ScriptedQueue.Model, Caller = RunningServer.Caller,
        Request = new GenerationRequest { Prompt = "a" }, Created = DateTimeOffset.UnixEpoch,
    };
}
