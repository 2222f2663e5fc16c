using System.Net;

namespace Studio;

/// <summary>
/// A server of one machine lets in everyone on it without a key, but not other sites that a browser on it shows: neither under another
/// name of the host nor with a request that another site sends.
/// </summary>
internal sealed class LocalBrowserRule(RequestDelegate next)
{
    public Task InvokeAsync(HttpContext context)
    {
        HttpRequest request = context.Request;
        string host = request.Host.Host.Trim('[', ']');
        bool isLocal = host == "localhost" || (IPAddress.TryParse(host, out IPAddress? address) && IPAddress.IsLoopback(address));
        bool isElsewhere = request.Headers["Sec-Fetch-Site"] == "cross-site" && !HttpMethods.IsGet(request.Method);
        if (isLocal && !isElsewhere) return next(context);
        context.Response.StatusCode = StatusCodes.Status403Forbidden;
        return context.Response.WriteAsync(
            "This server is only for this machine. Start it with keys, or with --allow-anonymous, to use it from elsewhere.\n");
    }
}
