using LatentDiffusion.Jobs;

namespace Studio;

/// <summary>
/// Loads the models after the start, so that the first job does not wait for it. Stops the host if a model cannot be loaded.
/// </summary>
internal sealed class ModelLoading(IModelCatalog models, IHostApplicationLifetime application, ILogger<ModelLoading> logger)
    : BackgroundService
{
    /// <summary>Whether a model could not be loaded.</summary>
    public bool HasFailed { get; private set; }

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        foreach (string name in models.Names)
        {
            if (stoppingToken.IsCancellationRequested) return;
            try
            {
                // A large model loads for minutes, and the program ends without it.
                await Task.Run(() => models.Get(name), CancellationToken.None).WaitAsync(stoppingToken);
            }
            catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
            {
                return;
            }
            catch (Exception e) when (!stoppingToken.IsCancellationRequested)
            {
                logger.LogCritical("Model {Name} cannot be loaded: {Message}", name, e.Message);
                HasFailed = true;
                application.StopApplication();
                return;
            }
        }
    }
}
