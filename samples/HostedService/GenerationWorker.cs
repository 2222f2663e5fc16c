using LatentDiffusion;
using LatentDiffusion.Samples;
using Microsoft.Extensions.AI;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;

namespace HostedService;

/// <summary>
/// Generates the images in the queue. It requests all of them concurrently: the pipeline limits how many run at once, and
/// processes the others in order.
/// </summary>
internal sealed class GenerationWorker(
    PromptQueue queue, IImageGenerator generator, IOptions<OrderOptions> options, IHostApplicationLifetime application,
    ILogger<GenerationWorker> logger)
    : BackgroundService
{
    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        Directory.CreateDirectory(options.Value.Folder);
        var parallel = new ParallelOptions { MaxDegreeOfParallelism = 100, CancellationToken = stoppingToken };
        await Parallel.ForEachAsync(queue.TakeAsync(stoppingToken), parallel, TryDrawAsync);
        application.StopApplication();
    }

    /// <summary>A failed order does not affect the others.</summary>
    private async ValueTask TryDrawAsync(Order order, CancellationToken cancellationToken)
    {
        try
        {
            await DrawAsync(order, cancellationToken);
        }
        catch (Exception e) when (!cancellationToken.IsCancellationRequested)
        {
            logger.LogError("Order {Number} failed: {Type}: {Message}", order.Number, e.GetType().Name, e.Message);
            Environment.ExitCode = CommandError.Failure;
        }
    }

    private async Task DrawAsync(Order order, CancellationToken cancellationToken)
    {
        ImageGenerationResponse response = await generator.GenerateImagesAsync(order.Prompt, null, cancellationToken);
        string file = Path.Combine(options.Value.Folder, $"{order.Number}.png");
        // SavePng writes a temporary file and renames it, so that a half-written file is never visible.
        ((GeneratedImage)response.Contents[0].RawRepresentation!).SavePng(file);
        // Logs the number instead of the prompt: prompts are private.
        logger.LogInformation("Order {Number} is drawn: {File}", order.Number, Path.GetFullPath(file));
    }
}
