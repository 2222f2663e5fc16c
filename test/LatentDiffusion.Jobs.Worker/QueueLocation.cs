using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace LatentDiffusion.Jobs.Worker;

/// <summary>Where a queue is.</summary>
/// <param name="Database">sqlite or postgres.</param>
/// <param name="Connection">Path or connection string.</param>
/// <param name="Store">Folder of the images.</param>
/// <param name="HasShortTimes">
/// Whether lost jobs run again, and changes are seen, much sooner than by default: for runs that kill workers often.
/// </param>
internal sealed record QueueLocation(string Database, string Connection, string Store, bool HasShortTimes = true)
{
    private const int Capacity = 10_000;

    /// <summary>A new queue in a folder or on a server.</summary>
    public static QueueLocation Create(string database, string folder, string name, TemporaryPostgreSql? server) => new(
        database, server is null ? Path.Combine(folder, name + ".db") : server.Create(name), Path.Combine(folder, name));

    /// <summary>Starts a process of the queue.</summary>
    /// <param name="runsJobs">Whether it is a worker.</param>
    public async Task<IHost> StartAsync(bool runsJobs)
    {
        HostApplicationBuilder builder = Host.CreateEmptyApplicationBuilder(null);
        builder.Logging.AddConsole(o => o.LogToStandardErrorThreshold = LogLevel.Trace).SetMinimumLevel(LogLevel.Warning);
        builder.Services.AddLatentDiffusion().UseDrawingsModel();
        builder.Services.AddLatentDiffusionJobs(o => (o.ImageFolder, o.MaximumQueueLength) = (Store, Capacity)).UseHangfire(o =>
        {
            if (Database == "sqlite") o.UseSqlite(Connection);
            else o.UsePostgreSql(Connection);
            if (HasShortTimes) (o.LeaseTime, o.UpdateInterval) = (TimeSpan.FromSeconds(2), TimeSpan.FromMilliseconds(100));
            (o.MaximumAttempts, o.RunsJobs) = (20, runsJobs);
        });
        IHost host = builder.Build();
        if (runsJobs) host.Services.GetRequiredService<DiffusionPipeline>();
        await host.StartAsync();
        return host;
    }
}
