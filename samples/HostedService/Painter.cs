using Microsoft.Extensions.AI;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;

namespace HostedService;

/// <summary>
/// Draws what is in the book. It asks for all at once: the pipeline itself lets only as many run as its configuration says,
/// and gives the others their turn in order.
/// </summary>
internal sealed class Painter(
    OrderBook book, IImageGenerator generator, IOptions<OrderOptions> options, IHostApplicationLifetime application, ILogger<Painter> logger)
    : BackgroundService
{
    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        Directory.CreateDirectory(options.Value.Folder);
        int number = 0;
        await Parallel.ForEachAsync(
            book.TakeAsync(stoppingToken), new ParallelOptions { MaxDegreeOfParallelism = 100, CancellationToken = stoppingToken },
            async (prompt, token) => await DrawAsync(prompt, Interlocked.Increment(ref number), token));
        application.StopApplication();
    }

    private async Task DrawAsync(string prompt, int number, CancellationToken cancellationToken)
    {
        ImageGenerationResponse response = await generator.GenerateImagesAsync(prompt, null, cancellationToken);
        string file = Path.Combine(options.Value.Folder, $"{number}.png");
        await File.WriteAllBytesAsync(file, ((DataContent)response.Contents[0]).Data, cancellationToken);
        logger.LogInformation("{File}: {Prompt}", Path.GetFullPath(file), prompt);
    }
}
