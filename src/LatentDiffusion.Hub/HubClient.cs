using System.Net;
using System.Net.Http.Headers;
using System.Text;
using Polly.Timeout;

namespace LatentDiffusion.Hub;

/// <summary>Sends requests: follows redirects, and gives the token only to the hub.</summary>
internal sealed class HubClient(IHttpClientFactory clients, ModelHubOptions options, HubSettings settings)
{
    private const int MaximumRedirects = 10, LargestText = 1 << 26;

    /// <summary>Sends a request. Repetitions within it are those of the client's resilience handler.</summary>
    /// <returns>The last answer, its body not read; any status.</returns>
    /// <exception cref="HubOfflineException">The host cannot be reached.</exception>
    /// <exception cref="HubException">A redirect leads nowhere, in a circle, or from https to http.</exception>
    public async Task<(HubResponse Response, Uri Address, IReadOnlyList<HttpResponseHeaders> Headers)> SendAsync(
        HubRequest request, CancellationToken cancellationToken)
    {
        var headers = new List<HttpResponseHeaders>();
        Uri address = request.Address;
        for (int redirects = 0; redirects <= MaximumRedirects; redirects++)
        {
            HttpResponseMessage message = await SendOnceAsync(request, address, cancellationToken).ConfigureAwait(false);
            headers.Add(message.Headers);
            Uri? target = Redirect(message, address);
            if (target is null || (!request.LeavesHub && !settings.IsHub(target)))
                return (new HubResponse(message, options.StallTimeout), address, headers);
            message.Dispose();
            if (address.Scheme == Uri.UriSchemeHttps && target.Scheme != Uri.UriSchemeHttps)
                throw new HubException($"{request.Subject}: {address.Host} redirects to an address without https, which is not followed.");
            address = target;
        }

        throw new HubException($"{request.Subject}: more than {MaximumRedirects} redirects; the last is to {address.Host}.");
    }

    /// <summary>Reads a text from the hub.</summary>
    /// <exception cref="HubException">The hub refuses, does not have it, or the text is too long.</exception>
    public async Task<string> GetTextAsync(HubRequest request, CancellationToken cancellationToken)
    {
        for (int failures = 0; ;)
        {
            (HubResponse response, _, _) = await SendAsync(request, cancellationToken).ConfigureAwait(false);
            using (response)
            {
                HubRefusal.ThrowIf(response.Message, request.Subject, settings);
                try
                {
                    return await ReadTextAsync(response, request.Subject, cancellationToken).ConfigureAwait(false);
                }
                catch (BodyInterruptedException) when (failures < options.MaxRetries)
                {
                    await Task.Delay(RetryPause.After(++failures, options), cancellationToken).ConfigureAwait(false);
                }
                catch (BodyInterruptedException e)
                {
                    throw new HubException($"{request.Subject}: the hub's answer broke off {failures + 1} times: {e.Message}.", e);
                }
            }
        }
    }

    private async Task<HttpResponseMessage> SendOnceAsync(HubRequest request, Uri address, CancellationToken cancellationToken)
    {
        using HttpRequestMessage message = request.Message(address);
        if (settings.Token is { } token && settings.Trusts(address))
            message.Headers.Authorization = new AuthenticationHeaderValue("Bearer", token);
        HttpClient client = clients.CreateClient(ModelHub.HttpClientName);
        try
        {
            return await client.SendAsync(message, HttpCompletionOption.ResponseHeadersRead, cancellationToken).ConfigureAwait(false);
        }
        catch (Exception e) when (e is HttpRequestException or TimeoutRejectedException or IOException
            || (e is OperationCanceledException && !cancellationToken.IsCancellationRequested))
        {
            string reason = e is HttpRequestException or IOException ? e.Message : $"no answer within {options.AttemptTimeout}";
            throw new HubOfflineException($"{request.Subject}: {address.Host} cannot be reached: {reason}", e);
        }
    }

    private static Uri? Redirect(HttpResponseMessage message, Uri address) =>
        message.StatusCode is HttpStatusCode.MovedPermanently or HttpStatusCode.Found or HttpStatusCode.SeeOther
            or HttpStatusCode.TemporaryRedirect or HttpStatusCode.PermanentRedirect
        && message.Headers.Location is { } location && new Uri(address, location) is { Scheme: "http" or "https" } target ? target : null;

    private static async Task<string> ReadTextAsync(HubResponse response, HubSubject subject, CancellationToken cancellationToken)
    {
        long? announced = response.Message.Content.Headers.ContentLength;
        using var text = new MemoryStream();
        byte[] buffer = new byte[1 << 14];
        while (await response.ReadAsync(buffer, cancellationToken).ConfigureAwait(false) is > 0 and var count)
        {
            text.Write(buffer, 0, count);
            if (text.Length > LargestText) throw new HubException($"{subject}: the hub's answer is longer than {LargestText} bytes.");
        }

        return announced is null || announced == text.Length
            ? Encoding.UTF8.GetString(text.GetBuffer(), 0, (int)text.Length)
            : throw new BodyInterruptedException($"{text.Length} of {announced} bytes arrived");
    }
}
