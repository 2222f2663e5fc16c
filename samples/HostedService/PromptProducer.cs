using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Options;

namespace HostedService;

/// <summary>Puts the configured prompts into the book and closes it.</summary>
internal sealed class PromptProducer(PromptQueue book, IOptions<OrderOptions> options) : BackgroundService
{
    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        foreach ((int i, string prompt) in options.Value.Prompts.Index()) await book.Orders.WriteAsync(new Order(i + 1, prompt), stoppingToken);
        book.Orders.Complete();
    }
}
