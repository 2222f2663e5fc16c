using System.Net.Http.Headers;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace LatentDiffusion.AspNetCore.Tests;

/// <summary>A server on a port of this machine, with keys for two callers.</summary>
internal sealed class RunningServer : IAsyncDisposable
{
    public const string Caller = "alice", Key = "key-of-alice-0123456789", OtherCaller = "bob", OtherKey = "key-of-bob-0123456789";

    private readonly WebApplication _app;

    private RunningServer(WebApplication app) => _app = app;

    public Uri Address => new(_app.Urls.Single());

    public IServiceProvider Services => _app.Services;

    /// <summary>Starts a server.</summary>
    /// <param name="configure">Registers the queue, and more.</param>
    /// <param name="options">Changes the options of the server, which has its keys.</param>
    /// <param name="map">Maps endpoints; null for all of the library.</param>
    public static async Task<RunningServer> StartAsync(
        Action<WebApplicationBuilder> configure, Action<LatentDiffusionServerOptions>? options = null, Action<WebApplication>? map = null)
    {
        var settings = new WebApplicationOptions { EnvironmentName = "Production", ContentRootPath = AppContext.BaseDirectory };
        WebApplicationBuilder builder = WebApplication.CreateSlimBuilder(settings);
        builder.WebHost.UseUrls("http://127.0.0.1:0");
        builder.Logging.ClearProviders();
        builder.Services.AddLatentDiffusionServer(o => (o.ApiKeys[Caller], o.ApiKeys[OtherCaller]) = (Key, OtherKey));
        if (options is not null) builder.Services.AddLatentDiffusionServer(options);
        configure(builder);
        WebApplication app = builder.Build();
        try
        {
            if (map is null) app.MapLatentDiffusion();
            else map(app);
            await app.StartAsync();
            return new RunningServer(app);
        }
        catch
        {
            await app.DisposeAsync();
            throw;
        }
    }

    /// <summary>A client with a key; null for none.</summary>
    public HttpClient CreateClient(string? key = Key)
    {
        var client = new HttpClient { BaseAddress = Address };
        if (key is not null) client.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", key);
        return client;
    }

    public async ValueTask DisposeAsync()
    {
        await _app.StopAsync();
        await _app.DisposeAsync();
    }
}
