using Microsoft.AspNetCore.Hosting;
using Microsoft.Extensions.Logging;

namespace LatentDiffusion.AspNetCore.BrowserTests;

/// <summary>The page over a queue that generates with the shipped model.</summary>
internal sealed class StudioServer : IAsyncDisposable
{
    private readonly WebApplication _app;
    private readonly DirectoryInfo _folder;

    private StudioServer(WebApplication app, DirectoryInfo folder) => (_app, _folder) = (app, folder);

    public string Url => $"{_app.Urls.First()}/";

    public static async Task<StudioServer> StartAsync(string? key = null)
    {
        DirectoryInfo folder = Directory.CreateTempSubdirectory("studio-page-");
        WebApplicationBuilder builder = WebApplication.CreateSlimBuilder();
        builder.WebHost.UseUrls("http://127.0.0.1:0");
        builder.Logging.ClearProviders();
        builder.Services.AddLatentDiffusion("drawings").UseDrawingsModel();
        builder.Services.AddLatentDiffusion("drawings-few-steps").UseFewStepDrawingsModel();
        builder.Services.AddLatentDiffusionJobs(options => options.ImageFolder = folder.FullName);
        builder.Services.AddLatentDiffusionServer(options =>
        {
            options.AllowAnonymous = key is null;
            if (key is not null) options.ApiKeys["tester"] = key;
        });
        WebApplication app = builder.Build();
        app.MapJobsApi();
        app.MapLatentDiffusionPage();
        await app.StartAsync();
        return new StudioServer(app, folder);
    }

    public async ValueTask DisposeAsync()
    {
        await _app.DisposeAsync();
        _folder.Delete(recursive: true);
    }
}
