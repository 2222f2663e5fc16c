using System.Diagnostics.CodeAnalysis;
using LatentDiffusion.Client;
using Microsoft.Extensions.AI;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Options;

namespace Microsoft.Extensions.DependencyInjection;

/// <summary>Registration of clients of LatentDiffusion servers.</summary>
/// <example>
/// <code><![CDATA[
/// using LatentDiffusion.Client;
/// using Microsoft.Extensions.AI;
/// using Microsoft.Extensions.DependencyInjection;
///
/// ServiceCollection services = new();
/// services.AddLatentDiffusionClient(new Uri("https://images.example/"), options => options.ApiKey = "key");
/// using ServiceProvider provider = services.BuildServiceProvider();
/// IImageGenerator generator = provider.GetRequiredService<IImageGenerator>();
/// ImageGenerationResponse response = await generator.GenerateImagesAsync("a blue bird");
/// File.WriteAllBytes("bird.png", ((DataContent)response.Contents[0]).Data.ToArray());
/// ]]></code>
/// </example>
[Experimental("MEAI001")]
public static class LatentDiffusionClientServiceCollectionExtensions
{
    /// <summary>
    /// Registers an <see cref="IImageGenerator"/> that generates on a server, unless there is one already. Options are validated when the
    /// host starts.
    /// </summary>
    /// <param name="services">The container.</param>
    /// <param name="server">Address of the server, for example <c>https://images.example/</c>.</param>
    /// <param name="configure">Changes the options; null for the defaults.</param>
    /// <returns>The builder of its HTTP client, for proxies, certificates, retries and further handlers. It has no timeout.</returns>
    /// <exception cref="ArgumentException"><paramref name="server"/> is not an absolute address of HTTP.</exception>
    public static IHttpClientBuilder AddLatentDiffusionClient(
        this IServiceCollection services, Uri server, Action<LatentDiffusionClientOptions>? configure = null)
    {
        (IHttpClientBuilder builder, Func<IServiceProvider, IImageGenerator> create) =
            Add(services, Options.Options.DefaultName, server, configure);
        services.TryAddSingleton(create);
        return builder;
    }

    /// <summary>The same under a key, in addition to others: for several servers, or next to a generator in this process.</summary>
    /// <param name="services">The container.</param>
    /// <param name="name">The key of the generator and the name of its options.</param>
    /// <param name="server">Address of the server, for example <c>https://images.example/</c>.</param>
    /// <param name="configure">Changes the options; null for the defaults.</param>
    /// <returns>The builder of its HTTP client, for proxies, certificates, retries and further handlers. It has no timeout.</returns>
    /// <exception cref="ArgumentException">
    /// <paramref name="name"/> is empty, or <paramref name="server"/> is not an absolute address of HTTP.
    /// </exception>
    public static IHttpClientBuilder AddLatentDiffusionClient(
        this IServiceCollection services, string name, Uri server, Action<LatentDiffusionClientOptions>? configure = null)
    {
        ArgumentException.ThrowIfNullOrEmpty(name);
        (IHttpClientBuilder builder, Func<IServiceProvider, IImageGenerator> create) = Add(services, name, server, configure);
        services.TryAddKeyedSingleton(name, (provider, _) => create(provider));
        return builder;
    }

    private static (IHttpClientBuilder Builder, Func<IServiceProvider, IImageGenerator> Create) Add(
        IServiceCollection services, string name, Uri server, Action<LatentDiffusionClientOptions>? configure)
    {
        ArgumentNullException.ThrowIfNull(services);
        var address = new ServerAddress(server);
        services.AddOptions<LatentDiffusionClientOptions>(name).Configure(configure ?? (_ => { })).ValidateOnStart();
        services.TryAddEnumerable(ServiceDescriptor.Singleton<IValidateOptions<LatentDiffusionClientOptions>, ClientOptionsRules>());
        string client = name.Length == 0 ? "LatentDiffusion.Client" : $"LatentDiffusion.Client.{name}";
        // The options limit the time of a call, and the server that of a job.
        IHttpClientBuilder builder = services.AddHttpClient(client, c => c.Timeout = Timeout.InfiniteTimeSpan);
        return (builder, Create);

        IImageGenerator Create(IServiceProvider provider)
        {
            var factory = provider.GetRequiredService<IHttpClientFactory>();
            LatentDiffusionClientOptions options = provider.GetRequiredService<IOptionsMonitor<LatentDiffusionClientOptions>>().Get(name);
            return new HttpImageGenerator(() => factory.CreateClient(client), address, options);
        }
    }
}
