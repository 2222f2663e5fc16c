using System.Net.Http.Headers;

namespace LatentDiffusion.Hub;

/// <summary>A request to a hub.</summary>
/// <param name="Method">Its method.</param>
/// <param name="Address">Where it goes first.</param>
internal sealed record HubRequest(HttpMethod Method, Uri Address)
{
    /// <summary>First byte of the file; null for the whole.</summary>
    public long? From { get; init; }

    /// <summary>Last byte of the file; null for its end.</summary>
    public long? To { get; init; }

    /// <summary>The tag that the file must still have for a part to be sent; null for any.</summary>
    public EntityTagHeaderValue? IfRange { get; init; }

    /// <summary>Whether redirects to other hosts are followed. Without, such a redirect is the answer.</summary>
    public bool LeavesHub { get; init; } = true;

    /// <summary>What is asked for, for messages and errors.</summary>
    public required HubSubject Subject { get; init; }

    public HttpRequestMessage Message(Uri address)
    {
        var message = new HttpRequestMessage(Method, address);
        // Sizes and hashes are those of the file, not of a compressed one.
        message.Headers.AcceptEncoding.ParseAdd("identity");
        message.Headers.UserAgent.ParseAdd("LatentDiffusion.Hub/0.1 (.NET)");
        if (From is { } from) message.Headers.Range = new RangeHeaderValue(from, To);
        if (From is not null && IfRange is { } tag) message.Headers.IfRange = new RangeConditionHeaderValue(tag);
        return message;
    }
}
