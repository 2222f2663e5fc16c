using System.Net;
using System.Text;

namespace LatentDiffusion.AspNetCore.Tests.Client;

/// <summary>Stands in for a server: it answers as a test says, and keeps the last request.</summary>
/// <param name="answer">The answer to a request.</param>
internal sealed class RecordedServer(Func<CancellationToken, Task<HttpResponseMessage>> answer) : HttpMessageHandler
{
    public const string OneImage = """{"created":1,"data":[{"b64_json":"AQID","seed":"7"}]}""";

    public RecordedServer(HttpStatusCode status, string body, string type = "application/json")
        : this(_ => Task.FromResult(new HttpResponseMessage(status) { Content = new StringContent(body, Encoding.UTF8, type) }))
    {
    }

    /// <summary>Address of the last request.</summary>
    public Uri? Address { get; private set; }

    /// <summary>Body of the last request.</summary>
    public string Body { get; private set; } = "";

    /// <summary>Credentials of the last request.</summary>
    public string? Authorization { get; private set; }

    /// <summary>A client of this server.</summary>
    public HttpClient ToClient(string address = "http://server/") => new(this) { BaseAddress = new Uri(address) };

    protected override async Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
    {
        Address = request.RequestUri;
        Authorization = request.Headers.Authorization?.ToString();
        Body = await request.Content!.ReadAsStringAsync(cancellationToken);
        HttpResponseMessage response = await answer(cancellationToken);
        response.RequestMessage = request;
        return response;
    }
}
