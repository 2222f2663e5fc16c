using System.Threading.Channels;

namespace HostedService;

/// <summary>Prompts that wait to be drawn. In a service of your own, requests over the network would fill it.</summary>
internal sealed class OrderBook
{
    private readonly Channel<string> _prompts = Channel.CreateBounded<string>(100);

    public ChannelWriter<string> Orders => _prompts.Writer;

    public IAsyncEnumerable<string> TakeAsync(CancellationToken cancellationToken) => _prompts.Reader.ReadAllAsync(cancellationToken);
}
