using Hangfire;
using LatentDiffusion.AspNetCore;
using Microsoft.Extensions.Options;

namespace Studio;

/// <summary>The server: web page, APIs, dashboard, and jobs of its own models.</summary>
internal static class StudioServer
{
    private const string Dashboard = "/jobs";

    /// <summary>Serves until it is asked to stop.</summary>
    /// <returns>The exit code.</returns>
    /// <exception cref="ArgumentException">Everyone could use the server, which was not asked for.</exception>
    public static async Task<int> RunAsync(StudioSettings settings)
    {
        WebApplicationBuilder builder = WebApplication.CreateBuilder(
            new WebApplicationOptions { ContentRootPath = AppContext.BaseDirectory });
        builder.WebHost.UseUrls([.. settings.Urls]);
        builder.AddStudio(settings);
        // The dashboard's services; the storage is that of the queue.
        if (settings.Storage != QueueStorage.Memory) builder.Services.AddHangfire(_ => { });
        builder.Services.AddLatentDiffusionServer(o =>
        {
            foreach (KeyArgument key in settings.Keys) o.ApiKeys[key.Name] = key.Key;
            o.Administrators.UnionWith(settings.Administrators);
        });
        bool isPersonal = false;
        builder.Services.AddOptions<LatentDiffusionServerOptions>()
            .Bind(builder.Configuration.GetSection("Server"), o => o.ErrorOnUnknownConfiguration = true)
            .PostConfigure(o =>
            {
                o.AllowAnonymous |= settings.AllowAnonymous;
                isPersonal = o.ApiKeys.Count == 0 && !o.AllowAnonymous;
                if (isPersonal && settings.Urls.FirstOrDefault(url => !ListenAddress.IsLocal(url)) is { } open) throw Open(open);
                o.AllowAnonymous |= isPersonal;
                // Whoever has this machine for themselves may also see all of its jobs.
                if (isPersonal) o.Administrators.Add("");
            });

        await using WebApplication app = builder.Build();
        _ = app.Services.GetRequiredService<IOptions<LatentDiffusionServerOptions>>().Value;
        if (isPersonal) app.UseMiddleware<LocalBrowserRule>();
        app.UseAuthentication();
        app.UseAuthorization();
        app.MapLatentDiffusion();
        if (settings.Storage != QueueStorage.Memory)
        {
            app.MapHangfireDashboard(Dashboard, new DashboardOptions { Authorization = [], AppPath = "/", DashboardTitle = "Jobs" })
                .RequireAuthorization(LatentDiffusionServerDefaults.AdministratorPolicy);
        }

        return await app.RunToEndAsync(() => $"LatentDiffusion Studio listens at {string.Join(", ", app.Urls)} ({settings.Summary}).");
    }

    private static ArgumentException Open(string url) => new(
        $"--urls is '{url}', which other machines reach; expected --key NAME=KEY, or --allow-anonymous to let everyone in.");
}
