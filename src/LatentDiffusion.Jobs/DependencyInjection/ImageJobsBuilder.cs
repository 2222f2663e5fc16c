using Microsoft.Extensions.DependencyInjection;

namespace LatentDiffusion.Jobs;

/// <summary>Continues the registration of <c>AddLatentDiffusionJobs</c>: other packages add their queues and stores to it.</summary>
public sealed class ImageJobsBuilder
{
    internal ImageJobsBuilder(IServiceCollection services) => Services = services;

    /// <summary>The container.</summary>
    public IServiceCollection Services { get; }
}
