using System.Threading.Channels;

namespace HostedService;

/// <summary>A picture that is asked for.</summary>
/// <param name="Number">Which order it is, from 1.</param>
/// <param name="Prompt">What it shows.</param>
internal sealed record Order(int Number, string Prompt);

/// <summary>Orders that wait to be drawn. In a service of your own, requests over the network would fill it.</summary>
internal sealed class PromptQueue
{
    private readonly Channel<Order> _orders = Channel.CreateBounded<Order>(100);

    public ChannelWriter<Order> Orders => _orders.Writer;

    public IAsyncEnumerable<Order> TakeAsync(CancellationToken cancellationToken) => _orders.Reader.ReadAllAsync(cancellationToken);
}
