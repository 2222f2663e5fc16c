using LatentDiffusion;

namespace Microsoft.Extensions.DependencyInjection;

/// <summary>Registration of pipelines.</summary>
public static class LatentDiffusionServiceCollectionExtensions
{
    /// <summary>
    /// Registers a <see cref="DiffusionPipeline"/>, built when it is first asked for. Parts registered in the container
    /// (<see cref="INoiseScheduler"/>, <see cref="ITextEncoder"/> and the others) take the place of the model's own.
    /// </summary>
    /// <param name="services">The container.</param>
    /// <returns>The builder, to say what the pipeline is made of.</returns>
    public static DiffusionPipelineBuilder AddLatentDiffusion(this IServiceCollection services)
    {
        ArgumentNullException.ThrowIfNull(services);
        services.AddOptions<DiffusionPipelineOptions>().ValidateDataAnnotations();
        var builder = new DiffusionPipelineBuilder();
        services.AddSingleton(builder.Build);
        return builder;
    }
}
