using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Options;

namespace LatentDiffusion;

/// <summary>Loads a registered model when the host starts, if builder or configuration ask for it.</summary>
internal sealed class ModelStartup(
    PipelineRegistration registration, IOptionsMonitor<DiffusionModelOptions> options, IServiceProvider services) : IHostedService
{
    // On another thread, so that models and other services of the host do not wait for each other's files.
    public Task StartAsync(CancellationToken cancellationToken) =>
        registration.Builder.Specification.LoadsAtStartup || options.Get(registration.Name).LoadAtStartup
        ? Task.Run(() => registration.Resolve(services), cancellationToken).WaitAsync(cancellationToken)
        : Task.CompletedTask;

    public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;
}
