#pragma warning disable MEAI001 // IImageGenerator is experimental.
using System.Net;
using LatentDiffusion.Client;
using LatentDiffusion.Jobs;
using Microsoft.Extensions.AI;
using Xunit;

namespace LatentDiffusion.AspNetCore.Tests.Client;

/// <summary>The client over a server whose jobs go as a test says.</summary>
public sealed class ServerBehaviourTests
{
    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Cancelling_a_call_cancels_the_job()
    {
        await using ScriptedServer server = await ScriptedServer.StartAsync();
        server.Queue.Script = ScriptedQueue.Endless;
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(Cancellation);
        Task<ImageGenerationResponse> call = new HttpImageGenerator(server.Client).GenerateImagesAsync("a bird", null, stop.Token);
        ImageJob job = await server.Queue.Added.ReadAsync(Cancellation);
        await stop.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => call);
        Assert.Equal(job.Id, await server.Queue.Cancelled.ReadAsync(Cancellation));
    }

    [Fact]
    public async Task Full_queues_say_when_to_try_again()
    {
        await using ScriptedServer server = await ScriptedServer.StartAsync();
        server.Queue.Refusal = _ => new QueueFullException("10 jobs wait; expected at most 10.");
        var full = await Assert.ThrowsAsync<ServerLimitException>(() => AskAsync(server.Client));
        Assert.Equal("10 jobs wait; expected at most 10.", full.Message);
        Assert.True(full.IsTransient);
        Assert.True(full.RetryAfter > TimeSpan.Zero);
    }

    [Theory]
    [InlineData(JobErrorKind.TimedOut, typeof(TimeoutException))]
    [InlineData(JobErrorKind.LimitExceeded, typeof(ServerLimitException))]
    [InlineData(JobErrorKind.InvalidRequest, typeof(ArgumentException))]
    [InlineData(JobErrorKind.Internal, typeof(HttpRequestException))]
    public async Task Failures_of_jobs_have_the_types_of_the_pipeline(JobErrorKind kind, Type expected)
    {
        await using ScriptedServer server = await ScriptedServer.StartAsync();
        server.Queue.Script = ScriptedQueue.Fails(new JobError(kind, "It failed."));
        Exception thrown = await Assert.ThrowsAnyAsync<Exception>(() => AskAsync(server.Client));
        Assert.Equal(expected, thrown.GetType());
    }

    [Fact]
    public async Task Callers_without_the_right_key_are_refused()
    {
        await using ScriptedServer server = await ScriptedServer.StartAsync();
        using HttpClient client = server.Server.CreateClient(key: null);
        var options = new LatentDiffusionClientOptions { ApiKey = "0123456789abcdef" };
        var refused = await Assert.ThrowsAsync<HttpRequestException>(() => AskAsync(client, options));
        Assert.Equal(HttpStatusCode.Unauthorized, refused.StatusCode);
        Assert.DoesNotContain("0123456789abcdef", refused.Message, StringComparison.Ordinal);
        options.ApiKey = RunningServer.OtherKey;
        await AskAsync(client, options);
        Assert.Equal(RunningServer.OtherCaller, (await server.Queue.Added.ReadAsync(Cancellation)).Caller);
    }

    private static Task<ImageGenerationResponse> AskAsync(HttpClient client, LatentDiffusionClientOptions? options = null) =>
        new HttpImageGenerator(client, options).GenerateImagesAsync("a bird", null, Cancellation);
}
