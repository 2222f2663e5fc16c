using System.Collections.Concurrent;
using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Text;
using System.Text.Json;

namespace LatentDiffusion.Hub.Tests;

/// <summary>
/// A hub on this machine, over bare sockets so that it can break every rule of HTTP: lists of files, metadata, and large files on a
/// second port, the content network.
/// </summary>
internal sealed class HostileServer : IDisposable
{
    public const string Commit = "0123456789abcdef0123456789abcdef01234567";

    private readonly TcpListener _hub = new(IPAddress.Loopback, 0), _network = new(IPAddress.Loopback, 0);
    private readonly CancellationTokenSource _stop = new();
    private readonly ConcurrentDictionary<string, Dictionary<string, Content>> _repositories = new();
    private readonly ConcurrentQueue<SentPart> _sent = new();
    private int _requests, _signature, _active;

    public HostileServer()
    {
        _hub.Start(200);
        _network.Start(200);
        _ = AcceptAsync(_hub, isNetwork: false);
        _ = AcceptAsync(_network, isNetwork: true);
    }

    public Uri Endpoint => new($"http://127.0.0.1:{((IPEndPoint)_hub.LocalEndpoint).Port}");

    /// <summary>Chooses how a request for content is answered: path of the file, and number of requests for it so far.</summary>
    public Func<string, int, Answer> OnContent { get; set; } = (_, _) => Answer.Honest;

    /// <summary>Chooses how a request for a list or for metadata is answered.</summary>
    public Func<string, int, Answer> OnInformation { get; set; } = (_, _) => Answer.Honest;

    /// <summary>Called while content is sent: path, and bytes of this answer so far.</summary>
    public Func<string, long, CancellationToken, Task>? Sending { get; set; }

    /// <summary>A token without which everything is refused as gated; null for none.</summary>
    public string? RequiredToken { get; set; }

    /// <summary>Addresses of the content network whose signature is older are refused.</summary>
    public int ValidSignature { get; set; }

    /// <summary>Bytes between two flushes.</summary>
    public int BlockSize { get; set; } = 1 << 14;

    public IReadOnlyCollection<SentPart> Sent => _sent;

    /// <summary>Number of requests of all kinds.</summary>
    public int Requests => _requests;

    /// <summary>Number of requests that are being answered.</summary>
    public int Active => Volatile.Read(ref _active);

    public void Add(string id, string path, Content content) => _repositories.GetOrAdd(id, _ => [])[path] = content;

    public void Forget() => _sent.Clear();

    public void Dispose()
    {
        _stop.Cancel();
        _hub.Dispose();
        _network.Dispose();
    }

    private async Task AcceptAsync(TcpListener listener, bool isNetwork)
    {
        try
        {
            while (true) _ = AnswerAsync(await listener.AcceptTcpClientAsync(_stop.Token), isNetwork);
        }
        catch (Exception e) when (e is OperationCanceledException or ObjectDisposedException or SocketException)
        {
            // The test is over.
        }
    }

    private async Task AnswerAsync(TcpClient client, bool isNetwork)
    {
        try
        {
            using (client)
            {
                client.NoDelay = true;
                NetworkStream stream = client.GetStream();
                if (await ReadAsync(stream) is not { } request) return;
                Interlocked.Increment(ref _requests);
                Interlocked.Increment(ref _active);
                try
                {
                    await AnswerAsync(stream, request, isNetwork);
                }
                finally
                {
                    Interlocked.Decrement(ref _active);
                }
            }
        }
        catch (Exception e) when (e is IOException or SocketException or OperationCanceledException or ObjectDisposedException)
        {
            // The client went away, or the test is over.
        }
    }

    private async Task<Request?> ReadAsync(NetworkStream stream)
    {
        var text = new StringBuilder();
        byte[] one = new byte[1024];
        while (!text.ToString().EndsWith("\r\n\r\n", StringComparison.Ordinal))
        {
            int count = await stream.ReadAsync(one, _stop.Token);
            if (count == 0) return null;
            text.Append(Encoding.ASCII.GetString(one, 0, count));
        }

        string[] lines = text.ToString().Split("\r\n");
        string[] first = lines[0].Split(' ');
        var headers = new Dictionary<string, string>(StringComparer.OrdinalIgnoreCase);
        foreach (string line in lines.Skip(1).Where(line => line.Contains(':')))
            headers[line[..line.IndexOf(':')]] = line[(line.IndexOf(':') + 1)..].Trim();
        return new Request(first[0], first[1], headers);
    }

    private Task AnswerAsync(NetworkStream stream, Request request, bool isNetwork)
    {
        string path = Uri.UnescapeDataString(request.Target.Split('?')[0]).TrimStart('/');
        bool hasToken = request.Headers.GetValueOrDefault("Authorization") == $"Bearer {RequiredToken ?? "secret"}";
        if (isNetwork)
        {
            // Who signs asks for no token; one that arrives here has leaked.
            int signature = int.Parse(request.Target.Split("signature=")[1], CultureInfo.InvariantCulture);
            string[] parts = path.Split('|');
            return signature < ValidSignature
                ? WriteAsync(stream, 403, [], "expired")
                : SendAsync(stream, request, parts[1], _repositories[parts[0]][parts[1]], request.Headers.ContainsKey("Authorization"));
        }

        if (RequiredToken is not null && !hasToken)
            return WriteAsync(stream, 401, ["X-Error-Code: GatedRepo", "X-Error-Message: Access is restricted."], "");
        if (path.StartsWith("api/models/", StringComparison.Ordinal)) return ListAsync(stream, path["api/models/".Length..]);
        string[] halves = path.Split("/resolve/");
        string revision = halves[1].Split('/')[0], file = halves[1][(revision.Length + 1)..];
        if (!_repositories.TryGetValue(halves[0], out Dictionary<string, Content>? files))
            return WriteAsync(stream, 401, ["X-Error-Code: RepoNotFound"], "");
        if (revision is not ("main" or Commit)) return WriteAsync(stream, 404, ["X-Error-Code: RevisionNotFound"], "");
        if (!files.TryGetValue(file, out Content? content)) return WriteAsync(stream, 404, ["X-Error-Code: EntryNotFound"], "");
        return request.Method == "HEAD" || content.IsLarge
            ? DescribeAsync(stream, halves[0], file, content)
            : SendAsync(stream, request, file, content, hasToken);
    }

    private Task ListAsync(NetworkStream stream, string path)
    {
        Answer answer = OnInformation(path, _requests);
        if (answer.Status is { } status) return WriteAsync(stream, status, Headers(answer), "");
        string[] parts = path.Split("/revision/");
        if (!_repositories.TryGetValue(parts[0], out Dictionary<string, Content>? files))
            return WriteAsync(stream, 401, ["X-Error-Code: RepoNotFound"], "");
        if (parts[1] is not ("main" or Commit)) return WriteAsync(stream, 404, ["X-Error-Code: RevisionNotFound"], "");
        string json = JsonSerializer.Serialize(new
        {
            sha = Commit, siblings = files.Select(file => new { rfilename = file.Key, size = file.Value.Bytes.Length }),
        });
        return WriteAsync(stream, 200, [], json, answer.DisconnectAfter);
    }

    private Task DescribeAsync(NetworkStream stream, string id, string file, Content content)
    {
        Answer answer = OnInformation(file, _requests);
        if (answer.Status is { } status) return WriteAsync(stream, status, Headers(answer), "");
        long size = content.Bytes.Length + answer.ExtraSize;
        if (!content.IsLarge)
            return WriteAsync(stream, 200, [$"X-Repo-Commit: {Commit}", $"ETag: \"{content.Tag}\"", $"Content-Length: {size}"], null);
        int signature = Math.Max(ValidSignature, Interlocked.Increment(ref _signature));
        string location = $"http://127.0.0.1:{((IPEndPoint)_network.LocalEndpoint).Port}/"
            + $"{Uri.EscapeDataString($"{id}|{file}")}?signature={signature}";
        return WriteAsync(
            stream, 302,
            [
                $"X-Repo-Commit: {Commit}", "ETag: \"of-the-pointer\"", $"X-Linked-ETag: \"{content.Tag}\"", $"X-Linked-Size: {size}",
                $"Location: {location}", "Content-Length: 0",
            ],
            null);
    }

    private async Task SendAsync(NetworkStream stream, Request request, string file, Content content, bool hasToken)
    {
        Answer answer = OnContent(file, _sent.Count(sent => sent.Path == file));
        if (answer.Status is { } status)
        {
            await WriteAsync(stream, status, Headers(answer), "");
            return;
        }

        int length = content.Bytes.Length, from = 0, to = length - 1;
        bool isPart = false;
        if (request.Headers.TryGetValue("Range", out string? range) && !answer.IgnoresRange)
        {
            string[] bounds = range["bytes=".Length..].Split('-');
            from = int.Parse(bounds[0], CultureInfo.InvariantCulture) + (answer.ShiftsRange ? 1 : 0);
            to = bounds[1].Length > 0 ? Math.Min(int.Parse(bounds[1], CultureInfo.InvariantCulture), length - 1) : length - 1;
            isPart = true;
        }

        var part = new SentPart(file, from, hasToken);
        _sent.Enqueue(part);
        List<string> headers = [$"Content-Length: {to - from + 1 + answer.ExtraSize}"];
        if (!content.IsLarge) headers.Add($"ETag: \"{content.Tag}\"");
        if (isPart) headers.Add($"Content-Range: bytes {from}-{to}/{length + answer.ExtraSize}");
        await WriteAsync(stream, isPart ? 206 : 200, headers, null);
        for (int position = from; position <= to;)
        {
            int done = position - from;
            if (done >= answer.DisconnectAfter) return;
            if (done >= answer.StallAfter)
            {
                // Until the client closes the connection.
                await stream.ReadExactlyAsync(new byte[1], _stop.Token);
                return;
            }

            int count = Math.Min(BlockSize, to + 1 - position);
            if (answer.DisconnectAfter is { } end) count = Math.Min(count, end - done);
            if (answer.StallAfter is { } stall) count = Math.Min(count, stall - done);
            byte[] block = content.Bytes[position..(position + count)];
            for (int i = 0; i < count; i++)
                if (position + i >= answer.WrongFrom) block[i] ^= 1;
            await stream.WriteAsync(block, _stop.Token);
            part.Add(count);
            position += count;
            if (Sending is not null) await Sending(file, position - from, _stop.Token);
        }
    }

    private static List<string> Headers(Answer answer)
    {
        List<string> headers = [];
        if (answer.RetryAfter is { } seconds) headers.Add($"Retry-After: {seconds}");
        if (answer.ErrorCode is { } code) headers.Add($"X-Error-Code: {code}");
        return headers;
    }

    private async Task WriteAsync(
        NetworkStream stream, int status, IReadOnlyList<string> headers, string? body, int? disconnectAfter = null)
    {
        string[] lines =
        [
            $"HTTP/1.1 {status} Status", "Connection: close", .. headers,
            .. body is null ? Array.Empty<string>() : [$"Content-Length: {Encoding.UTF8.GetByteCount(body)}"], "", body ?? "",
        ];
        byte[] bytes = Encoding.UTF8.GetBytes(string.Join("\r\n", lines));
        int count = disconnectAfter is { } end ? bytes.Length - Encoding.UTF8.GetByteCount(body!) + end : bytes.Length;
        await stream.WriteAsync(bytes.AsMemory(0, count), _stop.Token);
    }

    private sealed record Request(string Method, string Target, IReadOnlyDictionary<string, string> Headers);
}
