using LatentDiffusion;
using LatentDiffusion.Samples;
using Microsoft.Extensions.AI;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;

namespace HostedService;

/// <summary>
/// Draws what is in the book. It asks for all at once: the pipeline itself lets only as many run as its configuration says,
/// and gives the others their turn in order.
/// </summary>
internal sealed class GenerationWorker(
    PromptQueue book, IImageGenerator generator, IOptions<OrderOptions> options, IHostApplicationLifetime application, ILogger<GenerationWorker> logger)
    : BackgroundService
{
    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        Directory.CreateDirectory(options.Value.Folder);
        await Parallel.ForEachAsync(
            book.TakeAsync(stoppingToken), new ParallelOptions { MaxDegreeOfParallelism = 100, CancellationToken = stoppingToken }, TryDrawAsync);
        application.StopApplication();
    }

    /// <summary>An order that fails does not keep the others from being drawn.</summary>
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
        // The image behind the bytes: it writes next to the file and renames, so that no half-written file is ever there.
        ((GeneratedImage)response.Contents[0].RawRepresentation!).SavePng(file);
        // Which order, and not its prompt: prompts are private.
        logger.LogInformation("Order {Number} is drawn: {File}", order.Number, Path.GetFullPath(file));
    }
}
