using Microsoft.Extensions.Hosting;

namespace LatentDiffusion.Jobs;

/// <summary>
/// Ends the in-process queue when the host stops, before the container disposes the pipelines that its jobs run on. Creates it with the
/// host, so that files of earlier processes are deleted in time.
/// </summary>
internal sealed class JobQueueLifetime(IImageJobQueue queue) : IHostedService
{
    public Task StartAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StopAsync(CancellationToken cancellationToken) =>
        queue is InProcessJobQueue own ? own.DisposeAsync().AsTask().WaitAsync(cancellationToken) : Task.CompletedTask;
}
