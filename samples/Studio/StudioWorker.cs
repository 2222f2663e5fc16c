namespace Studio;

/// <summary>A worker: it takes jobs from the queue, and serves nothing.</summary>
internal static class StudioWorker
{
    /// <summary>Runs jobs until it is asked to stop.</summary>
    /// <returns>The exit code.</returns>
    public static async Task<int> RunAsync(StudioSettings settings)
    {
        HostApplicationBuilder builder = Host.CreateApplicationBuilder(
            new HostApplicationBuilderSettings { ContentRootPath = AppContext.BaseDirectory });
        builder.AddStudio(settings);
        using IHost host = builder.Build();
        return await host.RunToEndAsync(() => $"LatentDiffusion Studio takes jobs ({settings.Summary}).");
    }
}
