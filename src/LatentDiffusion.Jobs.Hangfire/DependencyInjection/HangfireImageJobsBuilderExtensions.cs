using Hangfire;
using LatentDiffusion.Jobs;
using LatentDiffusion.Jobs.Hangfire;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Options;

namespace Microsoft.Extensions.DependencyInjection;

/// <summary>Durable job queues.</summary>
public static class HangfireImageJobsBuilderExtensions
{
    /// <summary>
    /// Keeps jobs in a database and runs them with Hangfire, in this process and in all others with the same database. Replaces the
    /// in-process queue. The container then has Hangfire's <see cref="JobStorage"/>, for example for its dashboard. Workers share an
    /// <see cref="IImageStore"/>: with several machines, the image folder is on a network file system.
    /// </summary>
    /// <param name="builder">The builder of <c>AddLatentDiffusionJobs</c>.</param>
    /// <param name="configure">Chooses the database.</param>
    /// <returns>The builder.</returns>
    public static ImageJobsBuilder UseHangfire(this ImageJobsBuilder builder, Action<HangfireJobOptions> configure)
    {
        ArgumentNullException.ThrowIfNull(builder);
        ArgumentNullException.ThrowIfNull(configure);
        IServiceCollection services = builder.Services;
        services.AddOptions<HangfireJobOptions>().Configure(configure).ValidateDataAnnotations().ValidateOnStart();
        services.TryAddSingleton(p => new HangfireStorage(Options(p), p.GetRequiredService<IOptions<JobQueueOptions>>().Value));
        services.TryAddSingleton<JobStorage>(p => p.GetRequiredService<HangfireStorage>().Open());
        services.TryAddSingleton(OpenDatabase);
        services.TryAddSingleton(p => new JobTable(
            p.GetRequiredService<JobDatabase>(), p.GetRequiredService<IOptions<JobQueueOptions>>().Value, Options(p)));
        services.TryAddSingleton(p => new WorkerTable(
            p.GetRequiredService<JobDatabase>(), p.GetRequiredService<IOptions<JobQueueOptions>>().Value, Options(p)));
        services.TryAddSingleton<Tickets>();
        services.TryAddSingleton<StatusFeed>();
        services.TryAddSingleton<ClaimedJobRunner>();
        services.Replace(ServiceDescriptor.Singleton<IImageJobQueue, HangfireJobQueue>());
        services.TryAddEnumerable(ServiceDescriptor.Singleton<IHostedService, JobWorker>());
        return builder;
    }

    /// <summary>
    /// Keeps images in the database of the queue in place of a folder. Machines then share nothing else, and images take room in the
    /// database until the retention time of their jobs is over.
    /// </summary>
    /// <param name="builder">The builder, with <see cref="UseHangfire"/>.</param>
    /// <returns>The builder.</returns>
    public static ImageJobsBuilder UseDatabaseImageStore(this ImageJobsBuilder builder)
    {
        ArgumentNullException.ThrowIfNull(builder);
        builder.Services.Replace(ServiceDescriptor.Singleton<IImageStore>(p => new DatabaseImageStore(
            p.GetService<JobDatabase>()
                ?? throw new InvalidOperationException($"Images are to be in the database of the queue; call {nameof(UseHangfire)}."),
            Options(p))));
        return builder;
    }

    private static HangfireJobOptions Options(IServiceProvider services) =>
        services.GetRequiredService<IOptions<HangfireJobOptions>>().Value;

    private static JobDatabase OpenDatabase(IServiceProvider services) => Options(services) is { SqlitePath: { } path }
        ? new SqliteDatabase(path)
        : new PostgreSqlDatabase(Options(services).ConnectionString!, Options(services).Schema);
}
