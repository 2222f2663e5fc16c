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
        try
        {
            Directory.CreateDirectory(options.Value.Folder);
            await Parallel.ForEachAsync(
                book.TakeAsync(stoppingToken), new ParallelOptions { MaxDegreeOfParallelism = 100, CancellationToken = stoppingToken },
                async (order, token) => await DrawAsync(order, token));
        }
        catch when (!stoppingToken.IsCancellationRequested)
        {
            // The host logs it and stops; who started the program should see that it failed, too.
            Environment.ExitCode = 1;
            throw;
        }

        application.StopApplication();
    }

    private async Task DrawAsync(Order order, CancellationToken cancellationToken)
    {
        ImageGenerationResponse response = await generator.GenerateImagesAsync(order.Prompt, null, cancellationToken);
        string file = Path.Combine(options.Value.Folder, $"{order.Number}.png"), unfinished = file + ".tmp";
        // Written beside and renamed, so that no picture is there in part.
        await File.WriteAllBytesAsync(unfinished, ((DataContent)response.Contents[0]).Data, CancellationToken.None);
        File.Move(unfinished, file, overwrite: true);
        logger.LogInformation("{File}: {Prompt}", Path.GetFullPath(file), order.Prompt);
    }
}
