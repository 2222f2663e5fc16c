using LatentDiffusion;
using Microsoft.Extensions.AI;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Options;

namespace Microsoft.Extensions.DependencyInjection;

/// <summary>Registration of pipelines.</summary>
/// <example>
/// <code><![CDATA[
/// using LatentDiffusion;
/// using Microsoft.Extensions.DependencyInjection;
/// using Microsoft.Extensions.Hosting;
///
/// HostApplicationBuilder builder = Host.CreateApplicationBuilder(args);
/// builder.Services.AddLatentDiffusion(builder.Configuration.GetSection("LatentDiffusion"))
///     .UseModelFolder("models/stable-diffusion-v1-5");
/// using IHost host = builder.Build();
/// DiffusionPipeline pipeline = host.Services.GetRequiredService<DiffusionPipeline>();
/// ]]></code>
/// </example>
public static class LatentDiffusionServiceCollectionExtensions
{
    /// <summary>
    /// Registers a <see cref="DiffusionPipeline"/>, built when it is first asked for and disposed with the container, and
    /// an <see cref="IImageGenerator"/> over it, unless there is one already. Components registered in the container
    /// (<see cref="INoiseScheduler"/>, <see cref="ITextEncoder"/> and the others) replace the model's own.
    /// <see cref="DiffusionPipelineOptions"/> are validated when the host starts.
    /// </summary>
    /// <param name="services">The container.</param>
    /// <returns>The builder of the pipeline.</returns>
    public static DiffusionPipelineBuilder AddLatentDiffusion(this IServiceCollection services) =>
        services.Add(Options.Options.DefaultName, null);

    /// <summary>
    /// The same, with <see cref="DiffusionModelOptions"/> and <see cref="DiffusionPipelineOptions"/> from configuration,
    /// which are validated when the host starts. Builder calls override configuration.
    /// </summary>
    /// <param name="services">The container.</param>
    /// <param name="section">
    /// A section whose entries are the properties of both, for example <c>configuration.GetSection("LatentDiffusion")</c>.
    /// </param>
    /// <returns>The builder of the pipeline.</returns>
    public static DiffusionPipelineBuilder AddLatentDiffusion(this IServiceCollection services, IConfiguration section)
    {
        ArgumentNullException.ThrowIfNull(section);
        return services.Add(Options.Options.DefaultName, section);
    }

    /// <summary>
    /// Registers a pipeline, and an <see cref="IImageGenerator"/> over it, under a key, in addition to others. Components and options
    /// registered under its name take precedence over those without a name.
    /// </summary>
    /// <param name="services">The container.</param>
    /// <param name="name">The key of the services and the name of the options.</param>
    /// <param name="section">Configuration of this model, as without a name; null for none.</param>
    /// <returns>The builder of the pipeline.</returns>
    public static DiffusionPipelineBuilder AddLatentDiffusion(this IServiceCollection services, string name, IConfiguration? section = null)
    {
        ArgumentException.ThrowIfNullOrEmpty(name);
        return services.Add(name, section);
    }

    private static DiffusionPipelineBuilder Add(this IServiceCollection services, string name, IConfiguration? section)
    {
        ArgumentNullException.ThrowIfNull(services);
        var registration = new PipelineRegistration(name, new DiffusionPipelineBuilder(), section);
        services.AddOptions<DiffusionPipelineOptions>(name).Configure(registration.Bind).ValidateOnStart();
        services.AddSingleton<IValidateOptions<DiffusionPipelineOptions>>(new PipelineOptionsRules(registration));
        if (section is not null)
        {
            services.AddOptions<DiffusionModelOptions>(name).Configure(registration.Bind).ValidateOnStart();
            services.AddSingleton<IValidateOptions<DiffusionModelOptions>>(p => new ConfiguredModelRules(registration, section, p));
            registration.Builder.Change(
                s => (s.IsConfigured, s.Model, s.Scheduler) = (true, new ConfiguredModel(), SchedulerSource.Configured));
        }

        if (name.Length == 0)
        {
            services.AddSingleton(registration.Build);
            services.TryAddSingleton(p => p.GetRequiredService<DiffusionPipeline>().AsImageGenerator());
        }
        else
        {
            services.AddKeyedSingleton(name, (p, _) => registration.Build(p));
            services.TryAddKeyedSingleton(name, (p, key) => p.GetRequiredKeyedService<DiffusionPipeline>(key).AsImageGenerator());
        }

        services.AddSingleton(p => new RegisteredPipeline(registration, p));
        services.AddSingleton<IHostedService>(
            p => new ModelStartup(registration, p.GetRequiredService<IOptionsMonitor<DiffusionModelOptions>>(), p));
        return registration.Builder;
    }
}
