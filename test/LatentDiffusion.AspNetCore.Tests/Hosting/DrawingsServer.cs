using Microsoft.Extensions.DependencyInjection;
using Xunit;

[assembly: AssemblyFixture(typeof(LatentDiffusion.AspNetCore.Tests.DrawingsServer))]

namespace LatentDiffusion.AspNetCore.Tests;

/// <summary>
/// One server for all tests, with the shipped drawings model at 4 steps unless a request says otherwise. Its jobs run in this process,
/// one by one.
/// </summary>
public sealed class DrawingsServer : IAsyncLifetime
{
    public const string Model = "drawings";

    private readonly string _folder = Directory.CreateTempSubdirectory("server-tests-").FullName;
    private RunningServer? _server;

    public Uri Address => Server.Address;

    public IServiceProvider Services => Server.Services;

    /// <summary>The pipeline of the server, to generate the same images without it.</summary>
    public DiffusionPipeline Pipeline => Services.GetRequiredService<DiffusionPipeline>();

    internal RunningServer Server => _server ?? throw new InvalidOperationException("The server is not started.");

    public async ValueTask InitializeAsync() => _server = await RunningServer.StartAsync(builder =>
    {
        builder.Services.AddLatentDiffusion().UseDrawingsModel(TorchSharp.torch.CPU).Configure(o => o.Steps = 4);
        builder.Services.AddLatentDiffusionJobs(o => o.ImageFolder = _folder);
    });

    /// <summary>A client with a key; null for none.</summary>
    public HttpClient CreateClient(string? key = RunningServer.Key) => Server.CreateClient(key);

    public async ValueTask DisposeAsync()
    {
        if (_server is not null) await _server.DisposeAsync();
        Directory.Delete(_folder, recursive: true);
    }
}
