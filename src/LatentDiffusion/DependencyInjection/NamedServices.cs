using System.Diagnostics.CodeAnalysis;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Options;

namespace LatentDiffusion;

/// <summary>The container as one pipeline sees it: parts and options under the pipeline's name before those without one.</summary>
internal sealed class NamedServices(IServiceProvider services, string name) : IServiceProvider
{
    public object? GetService(Type serviceType) =>
        serviceType == typeof(IOptions<DiffusionPipelineOptions>) ? Named<DiffusionPipelineOptions>()
        : serviceType == typeof(IOptions<DiffusionModelOptions>) ? Named<DiffusionModelOptions>()
        : (name.Length == 0 ? null : (services as IKeyedServiceProvider)?.GetKeyedService(serviceType, name))
            ?? services.GetService(serviceType);

    private IOptions<T> Named<[DynamicallyAccessedMembers(DynamicallyAccessedMemberTypes.PublicParameterlessConstructor)] T>()
        where T : class => Options.Create(services.GetRequiredService<IOptionsMonitor<T>>().Get(name));
}
