using LatentDiffusion;
using LatentDiffusion.AspNetCore;
using LatentDiffusion.AspNetCore.Authentication;
using LatentDiffusion.AspNetCore.Diagnostics;
using LatentDiffusion.AspNetCore.Health;
using LatentDiffusion.AspNetCore.Limits;
using LatentDiffusion.AspNetCore.OpenAI;
using LatentDiffusion.AspNetCore.Page;
using LatentDiffusion.AspNetCore.WebUI;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection.Extensions;

namespace Microsoft.Extensions.DependencyInjection;

/// <summary>Registration of the server.</summary>
/// <example>
/// <code>
/// using LatentDiffusion;
/// using Microsoft.AspNetCore.Builder;
/// using Microsoft.Extensions.DependencyInjection;
///
/// WebApplicationBuilder builder = WebApplication.CreateBuilder(args);
/// builder.Services.AddLatentDiffusion().UseDrawingsModel();
/// builder.Services.AddLatentDiffusionJobs();
/// builder.Services.AddLatentDiffusionServer(builder.Configuration.GetSection("Server"));
/// WebApplication app = builder.Build();
/// app.MapLatentDiffusion();
/// app.Run();
/// </code>
/// </example>
public static class LatentDiffusionServerServiceCollectionExtensions
{
    /// <summary>
    /// Registers what the endpoints of <see cref="LatentDiffusionEndpointExtensions.MapLatentDiffusion"/> need: authentication by API keys,
    /// limits, health checks, metrics and the OpenAPI document. The queue (<see cref="IImageJobQueue"/>) and its store are registered
    /// separately. <see cref="LatentDiffusionServerOptions"/> are validated when the host starts.
    /// </summary>
    /// <param name="services">The container.</param>
    /// <param name="configure">Sets the options; null for their defaults and other configuration.</param>
    public static IServiceCollection AddLatentDiffusionServer(
        this IServiceCollection services, Action<LatentDiffusionServerOptions>? configure = null)
    {
        ArgumentNullException.ThrowIfNull(services);
        OptionsBuilder<LatentDiffusionServerOptions> options =
            services.AddOptions<LatentDiffusionServerOptions>().ValidateDataAnnotations().ValidateOnStart();
        if (configure is not null) options.Configure(configure);
        if (services.Any(service => service.ServiceType == typeof(ApiKeyRing))) return services;

        services.AddSingleton<IValidateOptions<LatentDiffusionServerOptions>, ServerOptionsRules>();
        services.AddSingleton<CurrentServerOptions>();
        services.AddServerAuthorization();
        services.AddHealthChecks().AddCheck<QueueHealthCheck>("latent-diffusion", tags: [LatentDiffusionServerDefaults.ReadyTag]);
        services.AddSingleton<CallerRateLimiter>();
        services.AddSingleton<ServerMetrics>();
        services.AddSingleton<JobWatcher>();
        services.AddSingleton<ModelFacts>();
        services.AddSingleton<OfferedModels>();
        services.AddSingleton<InputImageDecoder>();
        services.AddSingleton<JobReader>();
        services.TryAddSingleton(TimeProvider.System);
        services.TryAddSingleton<IImageCodec>(_ => new SkiaImageCodec());
        services.AddOpenAIImages();
        services.AddWebUIApi();
        return services;
    }

    /// <summary>The same, with options from configuration.</summary>
    /// <param name="services">The container.</param>
    /// <param name="section">A section whose entries are the properties of <see cref="LatentDiffusionServerOptions"/>.</param>
    public static IServiceCollection AddLatentDiffusionServer(this IServiceCollection services, IConfiguration section)
    {
        ArgumentNullException.ThrowIfNull(section);
        services.AddLatentDiffusionServer();
        services.AddOptions<LatentDiffusionServerOptions>().Bind(section);
        return services;
    }
}
