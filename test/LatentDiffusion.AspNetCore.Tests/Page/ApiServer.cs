using LatentDiffusion.Jobs;
using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.DependencyInjection;

namespace LatentDiffusion.AspNetCore.Tests.Page;

/// <summary>A server of the page and its API over a queue and a store that tests control.</summary>
internal sealed class ApiServer : IAsyncDisposable
{
    private readonly RunningServer _server;

    private ApiServer(RunningServer server, FakeQueue queue, MemoryStore store) => (_server, Queue, Store) = (server, queue, store);

    public FakeQueue Queue { get; }

    public MemoryStore Store { get; }

    public static async Task<ApiServer> StartAsync(Action<LatentDiffusionServerOptions>? options = null, string pagePath = "/")
    {
        var (queue, store) = (new FakeQueue(), new MemoryStore());
        RunningServer server = await RunningServer.StartAsync(
            builder => builder.Services.AddSingleton<IImageJobQueue>(queue).AddSingleton<IImageStore>(store),
            options,
            app =>
            {
                app.MapJobsApi();
                app.MapLatentDiffusionPage(pagePath);
            });
        return new ApiServer(server, queue, store);
    }

    /// <summary>A client with a key; null for none.</summary>
    public HttpClient CreateClient(string? key = RunningServer.Key) => _server.CreateClient(key);

    /// <summary>A job of a caller with an image in the store.</summary>
    public async Task<JobStatus> CompletedAsync(string caller, byte[] content)
    {
        string id = Guid.CreateVersion7().ToString("n"), name = $"{id}/0.png";
        await Store.WriteAsync(name, content);
        var job = new JobStatus
        {
            Id = id, Model = "first", Caller = caller, State = JobState.Completed, Created = DateTimeOffset.UnixEpoch,
            Images = [new StoredImage(name, "image/png", 8, 8, ulong.MaxValue)],
        };
        Queue.Set(job);
        return job;
    }

    public ValueTask DisposeAsync() => _server.DisposeAsync();
}
