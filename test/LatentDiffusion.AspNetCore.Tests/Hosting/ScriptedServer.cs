using LatentDiffusion.Jobs;
using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.DependencyInjection;

namespace LatentDiffusion.AspNetCore.Tests;

/// <summary>A server over a <see cref="ScriptedQueue"/>.</summary>
internal sealed class ScriptedServer : IAsyncDisposable
{
    private readonly RunningServer _server;

    private ScriptedServer(RunningServer server, ScriptedQueue queue) => (_server, Queue, Client) = (server, queue, server.CreateClient());

    public ScriptedQueue Queue { get; }

    /// <summary>A client with the first key.</summary>
    public HttpClient Client { get; }

    public RunningServer Server => _server;

    public static async Task<ScriptedServer> StartAsync(
        Action<LatentDiffusionServerOptions>? options = null, Action<WebApplicationBuilder>? configure = null,
        Action<WebApplication>? map = null)
    {
        var queue = new ScriptedQueue();
        RunningServer server = await RunningServer.StartAsync(
            builder =>
            {
                builder.Services.AddSingleton<IImageJobQueue>(queue);
                builder.Services.AddSingleton<IImageStore>(queue.Store);
                configure?.Invoke(builder);
            },
            options, map);
        return new ScriptedServer(server, queue);
    }

    public async ValueTask DisposeAsync()
    {
        Client.Dispose();
        await _server.DisposeAsync();
    }
}
