using LatentDiffusion.Jobs;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Options;

namespace Microsoft.Extensions.DependencyInjection;

/// <summary>Registration of job queues.</summary>
public static class LatentDiffusionJobsServiceCollectionExtensions
{
    /// <summary>
    /// Registers an <see cref="IImageJobQueue"/> over the pipelines of <c>AddLatentDiffusion</c>: an <see cref="InProcessJobQueue"/>,
    /// with a <see cref="ModelCatalog"/> and a <see cref="FolderImageStore"/>. Services of these types that are registered already
    /// stay. May be called several times; the options of all calls apply.
    /// </summary>
    /// <param name="services">The container.</param>
    /// <param name="configure">Sets limits, retention and folder; null for the defaults.</param>
    /// <returns>A builder, which other packages extend.</returns>
    public static ImageJobsBuilder AddLatentDiffusionJobs(this IServiceCollection services, Action<JobQueueOptions>? configure = null)
    {
        ArgumentNullException.ThrowIfNull(services);
        OptionsBuilder<JobQueueOptions> options = services.AddOptions<JobQueueOptions>().ValidateDataAnnotations().ValidateOnStart();
        if (configure is not null) options.Configure(configure);
        services.TryAddSingleton(TimeProvider.System);
        services.TryAddSingleton<IModelCatalog, ModelCatalog>();
        services.TryAddSingleton<IImageStore>(
            p => new FolderImageStore(p.GetRequiredService<IOptions<JobQueueOptions>>().Value.ImageFolder));
        services.TryAddSingleton<JobRunner>();
        services.TryAddSingleton<IImageJobQueue, InProcessJobQueue>();
        services.TryAddEnumerable(ServiceDescriptor.Singleton<IHostedService, JobQueueLifetime>());
        return new ImageJobsBuilder(services);
    }
}
