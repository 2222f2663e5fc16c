using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Options;

namespace HostedService;

/// <summary>Puts the configured prompts into the book and closes it.</summary>
internal sealed class OrderTaker(OrderBook book, IOptions<OrderOptions> options) : BackgroundService
{
    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        foreach (string prompt in options.Value.Prompts) await book.Orders.WriteAsync(prompt, stoppingToken);
        book.Orders.Complete();
    }
}
