using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Options;

namespace LatentDiffusion;

/// <summary>Loads a registered model when the host starts, where that is asked for.</summary>
internal sealed class ModelStartup(PipelineRegistration registration, IOptionsMonitor<DiffusionModelOptions> options, IServiceProvider services) : IHostedService
{
    // On another thread, so that several models, and what else the host starts, do not wait for one another's files.
    public Task StartAsync(CancellationToken cancellationToken) => registration.Builder.Specification.LoadsAtStartup || options.Get(registration.Name).LoadAtStartup
        ? Task.Run(() => registration.Resolve(services), cancellationToken).WaitAsync(cancellationToken)
        : Task.CompletedTask;

    public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;
}
