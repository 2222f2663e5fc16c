using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Options;

namespace HostedService;

/// <summary>Puts the configured prompts into the queue and completes it.</summary>
internal sealed class PromptProducer(PromptQueue queue, IOptions<OrderOptions> options) : BackgroundService
{
    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        foreach ((int i, string prompt) in options.Value.Prompts.Index())
            await queue.Orders.WriteAsync(new Order(i + 1, prompt), stoppingToken);
        queue.Orders.Complete();
    }
}
