using System.Diagnostics.CodeAnalysis;
using LatentDiffusion.Hub;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;

namespace Microsoft.Extensions.DependencyInjection;

/// <summary>Registration of a model hub.</summary>
public static class HubServiceCollectionExtensions
{
    /// <summary>
    /// Registers a <see cref="ModelHub"/>, which the pipelines of the container download from. Its options are validated when the host
    /// starts.
    /// </summary>
    /// <param name="services">The container.</param>
    /// <param name="configure">Changes the options; null for the defaults.</param>
    /// <returns>The builder of its HTTP client, for proxies and further handlers.</returns>
    public static IHttpClientBuilder AddModelHub(this IServiceCollection services, Action<ModelHubOptions>? configure = null)
    {
        ArgumentNullException.ThrowIfNull(services);
        OptionsBuilder<ModelHubOptions> options = services.AddOptions<ModelHubOptions>().ValidateOnStart();
        if (configure is not null) options.Configure(configure);
        services.TryAddEnumerable(ServiceDescriptor.Singleton<IValidateOptions<ModelHubOptions>, HubOptionsRules>());
        // A second call changes the options only: its client would repeat repetitions.
        if (services.Any(service => service.ServiceType == typeof(ModelHub))) return services.AddHttpClient(ModelHub.HttpClientName);
        services.AddSingleton(provider => new ModelHub(
            provider.GetRequiredService<IHttpClientFactory>(), OptionsOf(provider), provider.GetService<ILoggerFactory>()));
        return HubHttp.AddTo(services, OptionsOf, provider => ModelHub.LoggerOf(provider.GetService<ILoggerFactory>()));
    }

    /// <summary>The same with options from configuration.</summary>
    /// <param name="services">The container.</param>
    /// <param name="section">A section whose entries are properties of <see cref="ModelHubOptions"/>.</param>
    /// <inheritdoc cref="AddModelHub(IServiceCollection, Action{ModelHubOptions}?)" path="/returns"/>
    [DynamicDependency(DynamicallyAccessedMemberTypes.PublicProperties, typeof(ModelHubOptions))]
    [UnconditionalSuppressMessage("Trimming", "IL2026", Justification = "The dependency keeps the properties.")]
    public static IHttpClientBuilder AddModelHub(this IServiceCollection services, IConfiguration section)
    {
        ArgumentNullException.ThrowIfNull(section);
        return services.AddModelHub(section.Bind);
    }

    private static ModelHubOptions OptionsOf(IServiceProvider provider) => provider.GetRequiredService<IOptions<ModelHubOptions>>().Value;
}
