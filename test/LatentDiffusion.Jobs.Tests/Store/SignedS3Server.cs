using System.Collections.Concurrent;
using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Security.Cryptography;
using System.Text;
using System.Xml.Linq;

namespace LatentDiffusion.Jobs.Tests.Store;

/// <summary>
/// The part of S3's API that a store needs, on this machine. Each request must have the right signature (AWS Signature Version 4) and the
/// right hash of its body. Lists have two names on a page, so that clients must ask for further pages.
/// </summary>
internal sealed class SignedS3Server : IDisposable
{
    private const string Key = "key", Secret = "secret", Bucket = "/bucket";

    private const int NamesOnPage = 2;

    private static readonly XNamespace s_names = "http://s3.amazonaws.com/doc/2006-03-01/";

    private readonly HttpListener _listener = new();
    private readonly ConcurrentDictionary<string, (byte[] Content, DateTime Written)> _files = new(StringComparer.Ordinal);
    private readonly Uri _address;
    private TimeSpan _ahead;

    public SignedS3Server()
    {
        using (var free = new TcpListener(IPAddress.Loopback, 0))
        {
            free.Start();
            _address = new Uri($"http://{free.LocalEndpoint}/");
        }

        _listener.Prefixes.Add(_address.ToString());
        _listener.Start();
        _ = ServeAsync();
    }

    /// <summary>The address, with the key and the bucket.</summary>
    public Uri Address => new($"http://{Key}:{Secret}@{_address.Authority}{Bucket}");

    /// <summary>The clock of the server.</summary>
    public DateTimeOffset Now => DateTimeOffset.UtcNow + _ahead;

    public void Dispose() => _listener.Close();

    /// <summary>Lets two seconds pass on the clock of the server.</summary>
    public Task WaitAsync()
    {
        _ahead += TimeSpan.FromSeconds(2);
        return Task.CompletedTask;
    }

    private async Task ServeAsync()
    {
        try
        {
            while (true)
            {
                HttpListenerContext context = await _listener.GetContextAsync();
                _ = Task.Run(() => AnswerAsync(context));
            }
        }
        catch (Exception e) when (e is HttpListenerException or ObjectDisposedException)
        {
            // The test has ended.
        }
    }

    private async Task AnswerAsync(HttpListenerContext context)
    {
        using var body = new MemoryStream();
        await context.Request.InputStream.CopyToAsync(body);
        (HttpStatusCode status, byte[] answer) = Answer(context.Request, body.ToArray());
        context.Response.StatusCode = (int)status;
        context.Response.ContentLength64 = answer.Length;
        await context.Response.OutputStream.WriteAsync(answer);
        context.Response.Close();
    }

    private (HttpStatusCode Status, byte[] Answer) Answer(HttpListenerRequest request, byte[] body)
    {
        if (!IsSigned(request, body)) return Error(HttpStatusCode.Forbidden, "SignatureDoesNotMatch");
        string name = request.Url!.AbsolutePath[Bucket.Length..].TrimStart('/');
        switch (request.HttpMethod)
        {
            case "PUT":
                _files[name] = (body, Now.UtcDateTime);
                return (HttpStatusCode.OK, []);
            case "GET" when name.Length > 0:
                return _files.TryGetValue(name, out (byte[] Content, DateTime) file)
                    ? (HttpStatusCode.OK, file.Content)
                    : Error(HttpStatusCode.NotFound, "NoSuchKey");
            case "GET":
                return (HttpStatusCode.OK, List(request.QueryString["prefix"] ?? "", request.QueryString["continuation-token"] ?? ""));
            case "POST" when request.Url.Query.TrimStart('?', '=').StartsWith("delete", StringComparison.Ordinal):
                foreach (XElement key in XDocument.Parse(Encoding.UTF8.GetString(body)).Descendants().Where(e => e.Name.LocalName == "Key"))
                    _files.TryRemove(key.Value, out _);
                return (HttpStatusCode.OK, Encoding.UTF8.GetBytes(new XElement(s_names + "DeleteResult").ToString()));
            default:
                return Error(HttpStatusCode.MethodNotAllowed, "MethodNotAllowed");
        }
    }

    private byte[] List(string prefix, string after)
    {
        KeyValuePair<string, (byte[] Content, DateTime Written)>[] found =
        [
            .. _files.Where(f => f.Key.StartsWith(prefix, StringComparison.Ordinal) && string.CompareOrdinal(f.Key, after) > 0)
                .OrderBy(f => f.Key, StringComparer.Ordinal),
        ];
        bool isTruncated = found.Length > NamesOnPage;
        var list = new XElement(
            s_names + "ListBucketResult", new XElement(s_names + "IsTruncated", isTruncated),
            found.Take(NamesOnPage).Select(f => new XElement(
                s_names + "Contents", new XElement(s_names + "Key", f.Key), new XElement(s_names + "Size", f.Value.Content.Length),
                new XElement(s_names + "LastModified", Time(f.Value.Written)))));
        if (isTruncated) list.Add(new XElement(s_names + "NextContinuationToken", found[NamesOnPage - 1].Key));
        return Encoding.UTF8.GetBytes(list.ToString());
    }

    private static string Time(DateTime time) => time.ToString("yyyy-MM-ddTHH:mm:ss.000Z", CultureInfo.InvariantCulture);

    private static (HttpStatusCode, byte[]) Error(HttpStatusCode status, string code) =>
        (status, Encoding.UTF8.GetBytes(new XElement("Error", new XElement("Code", code), new XElement("Message", code)).ToString()));

    /// <summary>Checks the signature: "Authenticating Requests (AWS Signature Version 4)" in the reference of S3's API.</summary>
    private static bool IsSigned(HttpListenerRequest request, byte[] body)
    {
        const string Algorithm = "AWS4-HMAC-SHA256";
        string hash = Convert.ToHexStringLower(SHA256.HashData(body));
        if (request.Headers["Authorization"] is not { } header || !header.StartsWith(Algorithm, StringComparison.Ordinal)) return false;
        if (request.Headers["x-amz-content-sha256"] != hash) return false;
        Dictionary<string, string> parts = header[Algorithm.Length..].Split(',', StringSplitOptions.TrimEntries)
            .Select(part => part.Split('=', 2)).ToDictionary(part => part[0], part => part[1]);
        // Key, date, region, service and a fixed word.
        string[] scope = parts["Credential"].Split('/');
        string[] signed = parts["SignedHeaders"].Split(';');
        IEnumerable<string> query = request.Url!.Query.TrimStart('?').Split('&', StringSplitOptions.RemoveEmptyEntries)
            .Select(field => field.Contains('=', StringComparison.Ordinal) ? field : $"{field}=").Order(StringComparer.Ordinal);
        string canonical = string.Join('\n', [
            request.HttpMethod, request.Url.AbsolutePath, string.Join('&', query),
            .. signed.Select(name => $"{name}:{request.Headers[name]?.Trim()}"), "", string.Join(';', signed), hash,
        ]);
        string text = string.Join('\n', [
            Algorithm, request.Headers["x-amz-date"], string.Join('/', scope[1..]),
            Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(canonical))),
        ]);
        byte[] key = scope[1..].Aggregate(Encoding.UTF8.GetBytes($"AWS4{Secret}"), Sign);
        return scope[0] == Key && parts["Signature"] == Convert.ToHexStringLower(Sign(key, text));

        static byte[] Sign(byte[] key, string text) => HMACSHA256.HashData(key, Encoding.UTF8.GetBytes(text));
    }
}
