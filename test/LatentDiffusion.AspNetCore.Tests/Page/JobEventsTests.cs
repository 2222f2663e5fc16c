using System.Net.Http.Json;
using System.Net.ServerSentEvents;
using System.Text.Json;
using LatentDiffusion.Jobs;
using Xunit;

namespace LatentDiffusion.AspNetCore.Tests.Page;

/// <summary>The events of a job.</summary>
public class JobEventsTests
{
    [Fact]
    public async Task Events_follow_a_job_with_its_previews_to_the_end()
    {
        await using ApiServer server = await ApiServer.StartAsync();
        using HttpClient client = server.CreateClient();
        await client.PostAsJsonAsync("/api/jobs", new { prompt = "a" });
        string id = Assert.Single(server.Queue.Added).Id;
        using HttpResponseMessage response = await client.GetAsync($"/api/jobs/{id}/events", HttpCompletionOption.ResponseHeadersRead);
        Assert.Equal("text/event-stream", response.Content.Headers.ContentType?.MediaType);
        await using Stream stream = await response.Content.ReadAsStreamAsync();
        await using IAsyncEnumerator<SseItem<string>> events = SseParser.Create(stream).EnumerateAsync().GetAsyncEnumerator();
        Assert.Equal("queued", (await NextAsync("job")).GetProperty("state").GetString());

        JobStatus running = (await server.Queue.FindAsync(id))! with { State = JobState.Running, CompletedSteps = 1, TotalSteps = 4 };
        server.Queue.Set(running);
        Assert.Equal(1, (await NextAsync("job")).GetProperty("completed_steps").GetInt32());

        string name = $"{id}/previews/2.png";
        await server.Store.WriteAsync(name, new byte[] { 1, 2, 3 });
        server.Queue.Set(running with { CompletedSteps = 2, Preview = new StoredImage(name, "image/png", 4, 4) });
        await NextAsync("job");
        Assert.Equal(new byte[] { 1, 2, 3 }, (await NextAsync("preview")).GetProperty("data").GetBytesFromBase64());

        // A preview is sent once, and one that was deleted is left out.
        server.Queue.Set(running with { CompletedSteps = 3, Preview = new StoredImage(name, "image/png", 4, 4) });
        server.Queue.Set(running with { CompletedSteps = 4, Preview = new StoredImage($"{id}/previews/4.png", "image/png", 4, 4) });
        server.Queue.Set(running with { State = JobState.Failed, Error = new JobError(JobErrorKind.Internal, "No.") });
        Assert.Equal(3, (await NextAsync("job")).GetProperty("completed_steps").GetInt32());
        Assert.Equal(4, (await NextAsync("job")).GetProperty("completed_steps").GetInt32());
        Assert.Equal("internal", (await NextAsync("job")).GetProperty("error").GetProperty("kind").GetString());
        Assert.False(await events.MoveNextAsync());

        async Task<JsonElement> NextAsync(string type)
        {
            Assert.True(await events.MoveNextAsync());
            Assert.Equal(type, events.Current.EventType);
            return JsonSerializer.Deserialize<JsonElement>(events.Current.Data);
        }
    }
}
