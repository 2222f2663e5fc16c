using System.Threading.Channels;

namespace HostedService;

/// <summary>A request for an image.</summary>
/// <param name="Number">Number of the order, from 1.</param>
/// <param name="Prompt">Description of the image.</param>
internal sealed record Order(int Number, string Prompt);

/// <summary>Orders that wait for generation. In a real service, network requests would fill it.</summary>
internal sealed class PromptQueue
{
    private readonly Channel<Order> _orders = Channel.CreateBounded<Order>(100);

    public ChannelWriter<Order> Orders => _orders.Writer;

    public IAsyncEnumerable<Order> TakeAsync(CancellationToken cancellationToken) => _orders.Reader.ReadAllAsync(cancellationToken);
}
