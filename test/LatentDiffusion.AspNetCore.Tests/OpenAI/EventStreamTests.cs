using System.Net.Http.Json;
using System.Runtime.CompilerServices;
using System.Text.Json;
using LatentDiffusion.Jobs;
using Microsoft.Extensions.DependencyInjection;
using Xunit;

namespace LatentDiffusion.AspNetCore.Tests;

/// <summary>Server-sent events of jobs that go as a test says.</summary>
public class EventStreamTests
{
    [Theory]
    [InlineData(0, 1, new int[0])]
    [InlineData(1, 2, new[] { 4 })]
    [InlineData(3, 1, new[] { 2, 4, 6 })]
    public async Task Partial_images_are_spread_over_the_steps(int partialImages, int previewEvery, int[] steps)
    {
        await using ScriptedServer server = await ScriptedServer.StartAsync();
        server.Queue.Script = Run;
        IReadOnlyList<(string Name, JsonElement Data)> events = await server.StreamAsync(
            new { prompt = "a fox", stream = true, partial_images = partialImages, steps = previewEvery * (partialImages + 1) });

        Assert.Equal(steps, events.SkipLast(1).Select(e => (int)e.Data.GetProperty("b64_json").GetBytesFromBase64()[0]));
        Assert.True(server.Queue.Added.TryRead(out ImageJob? job));
        Assert.Equal(partialImages == 0 ? 0 : previewEvery, job.PreviewEvery);

        async IAsyncEnumerable<JobStatus> Run(ImageJob job, [EnumeratorCancellation] CancellationToken cancellationToken)
        {
            for (byte step = 1; step <= 8; step++)
            {
                var preview = new StoredImage($"{job.Id}/previews/{step}.png", "image/png", 8, 8);
                await server.Queue.Store.WriteAsync(preview.Name, new[] { step }, cancellationToken);
                yield return ScriptedQueue.Status(job, JobState.Running) with
                {
                    CompletedSteps = step, TotalSteps = 8, Preview = preview,
                };
            }

            yield return await server.Queue.CompleteAsync(job);
        }
    }

    [Fact]
    public async Task Previews_that_are_gone_are_left_out()
    {
        await using ScriptedServer server = await ScriptedServer.StartAsync();
        server.Queue.Script = Run;
        IReadOnlyList<(string Name, JsonElement Data)> events =
            await server.StreamAsync(new { prompt = "a fox", stream = true, partial_images = 1 });

        Assert.Equal(["image_generation.completed"], events.Select(e => e.Name));

        async IAsyncEnumerable<JobStatus> Run(ImageJob job, [EnumeratorCancellation] CancellationToken cancellationToken)
        {
            yield return ScriptedQueue.Status(job, JobState.Running) with
            {
                CompletedSteps = 3, TotalSteps = 4, Preview = new StoredImage($"{job.Id}/previews/3.png", "image/png", 8, 8),
            };
            yield return await server.Queue.CompleteAsync(job);
        }
    }

    [Fact]
    public async Task Several_images_complete_one_after_another()
    {
        await using ScriptedServer server = await ScriptedServer.StartAsync();
        IReadOnlyList<(string Name, JsonElement Data)> events =
            await server.StreamAsync(new { prompt = "a fox", stream = true, n = 3, seed = 7 });

        Assert.Equal([7UL, 8UL, 9UL], events.Select(e => e.Data.GetProperty("seed").GetUInt64()));
    }

    [Fact]
    public async Task Failures_after_the_first_event_are_events()
    {
        await using ScriptedServer server = await ScriptedServer.StartAsync();
        server.Queue.Script = Run;
        IReadOnlyList<(string Name, JsonElement Data)> events =
            await server.StreamAsync(new { prompt = "a fox", stream = true, partial_images = 1 });

        Assert.Equal(["image_generation.partial_image", "error"], events.Select(e => e.Name));
        JsonElement error = events[1].Data.GetProperty("error");
        Assert.Equal("server_error", error.GetProperty("type").GetString());
        Assert.Equal("service_unavailable", error.GetProperty("code").GetString());

        async IAsyncEnumerable<JobStatus> Run(ImageJob job, [EnumeratorCancellation] CancellationToken cancellationToken)
        {
            await server.Queue.Store.WriteAsync($"{job.Id}/p.png", new byte[1], cancellationToken);
            JobStatus running = ScriptedQueue.Status(job, JobState.Running) with
            {
                CompletedSteps = 1, TotalSteps = 2, Preview = new StoredImage($"{job.Id}/p.png", "image/png", 8, 8),
            };
            yield return running;
            yield return running with { State = JobState.Failed, Error = new JobError(JobErrorKind.Busy, "Out of memory.") };
        }
    }

    [Fact]
    public async Task Clients_that_wait_for_long_get_comments()
    {
        var time = new ManualTime();
        await using ScriptedServer server =
            await ScriptedServer.StartAsync(configure: builder => builder.Services.AddSingleton<TimeProvider>(time));
        server.Queue.Script = ScriptedQueue.Endless;
        using var request = new HttpRequestMessage(HttpMethod.Post, "v1/images/generations")
        {
            Content = JsonContent.Create(new { prompt = "a fox", stream = true }),
        };
        Task<HttpResponseMessage> sending = server.Client.SendAsync(request, HttpCompletionOption.ResponseHeadersRead);
        while (!sending.IsCompleted)
        {
            Task<bool> created = time.Timers.WaitToReadAsync().AsTask();
            if (await Task.WhenAny(created, sending) == created && time.Timers.TryRead(out ManualTime.ManualTimer? timer)) timer.GoOff();
        }

        using HttpResponseMessage response = await sending;
        Assert.Equal("text/event-stream", response.Content.Headers.ContentType?.MediaType);
        using var reader = new StreamReader(await response.Content.ReadAsStreamAsync());
        Assert.Equal(": waiting", await reader.ReadLineAsync());
    }

    [Fact]
    public async Task Steps_without_previews_do_not_keep_comments_back()
    {
        var time = new ManualTime();
        await using ScriptedServer server =
            await ScriptedServer.StartAsync(configure: builder => builder.Services.AddSingleton<TimeProvider>(time));
        server.Queue.Script = Run;
        using var request = new HttpRequestMessage(HttpMethod.Post, "v1/images/generations")
        {
            Content = JsonContent.Create(new { prompt = "a fox", stream = true }),
        };
        using HttpResponseMessage response =
            await server.Client.SendAsync(request, HttpCompletionOption.ResponseHeadersRead).WaitAsync(TimeSpan.FromMinutes(1));
        using var reader = new StreamReader(await response.Content.ReadAsStreamAsync());
        Assert.Equal(": waiting", await reader.ReadLineAsync());

        async IAsyncEnumerable<JobStatus> Run(ImageJob job, [EnumeratorCancellation] CancellationToken cancellationToken)
        {
            for (int step = 1; step <= 4; step++)
            {
                time.Advance(TimeSpan.FromSeconds(6));
                yield return ScriptedQueue.Status(job, JobState.Running) with { CompletedSteps = step, TotalSteps = 8 };
            }

            await Task.Delay(Timeout.Infinite, cancellationToken);
        }
    }
}
