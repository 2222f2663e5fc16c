using System.Globalization;

namespace LatentDiffusion.Hub;

/// <summary>
/// Where models are downloaded from and to, and how. Properties that are null follow the environment variables of huggingface_hub.
/// </summary>
public sealed class ModelHubOptions
{
    private const int Least = 1, Most = 64, SmallestChunk = 1 << 14, LargestChunk = 1 << 28, MostRetries = 100;

    /// <summary>
    /// Address of the hub, https; http only for this machine and mirrors without a token. Null, the default, for <c>HF_ENDPOINT</c>, or
    /// else https://huggingface.co.
    /// </summary>
    public Uri? Endpoint { get; set; }

    /// <summary>
    /// The cache. Null, the default, for <c>HF_HUB_CACHE</c>, or <c>hub</c> in <c>HF_HOME</c>, or <c>~/.cache/huggingface/hub</c>.
    /// </summary>
    public string? CacheFolder { get; set; }

    /// <summary>
    /// An access token of visible ASCII characters, sent only to <see cref="Endpoint"/>. Null, the default, for <c>HF_TOKEN</c>, or the
    /// file <c>token</c> in <c>HF_HOME</c>; an empty text for none.
    /// </summary>
    public string? Token { get; set; }

    /// <summary>Whether to use only what is in the cache. Null, the default, for <c>HF_HUB_OFFLINE</c>.</summary>
    public bool? Offline { get; set; }

    /// <summary>Files that are downloaded at the same time, 1 to 64. Default 4.</summary>
    public int ParallelFiles { get; set; } = 4;

    /// <summary>Connections for one large file, 1 to 64. Each holds one chunk in memory. Default 4.</summary>
    public int ConnectionsPerFile { get; set; } = 4;

    /// <summary>Bytes of one request for a part of a large file, 2^14 to 2^28. Default 2^24.</summary>
    public int ChunkSize { get; set; } = 1 << 24;

    /// <summary>Missing bytes from which a file is downloaded over several connections, at least 1. Default 2^26.</summary>
    public long ParallelThreshold { get; set; } = 1 << 26;

    /// <summary>Longest wait for the answer to one request, 10 milliseconds to one day. Default 30 seconds.</summary>
    public TimeSpan AttemptTimeout { get; set; } = TimeSpan.FromSeconds(30);

    /// <summary>Longest pause within a file, 10 milliseconds to one day; then the rest is requested again. Default 30 seconds.</summary>
    public TimeSpan StallTimeout { get; set; } = TimeSpan.FromSeconds(30);

    /// <summary>
    /// How often a request that fails for a reason that may pass is repeated, and how often in a row a file is resumed without
    /// progress, 0 to 100. Default 5.
    /// </summary>
    public int MaxRetries { get; set; } = 5;

    /// <summary>
    /// First pause before a repetition, 10 milliseconds to one day; each further one is about twice as long. Default one second.
    /// </summary>
    public TimeSpan RetryDelay { get; set; } = TimeSpan.FromSeconds(1);

    /// <summary>
    /// Longest pause before a repetition, 10 milliseconds to one day. A server that asks for a longer one (Retry-After) is an error.
    /// Default two minutes.
    /// </summary>
    public TimeSpan MaxRetryDelay { get; set; } = TimeSpan.FromMinutes(2);

    /// <summary>
    /// Whether the files of a snapshot are links to the blobs, as huggingface_hub makes them. Where the system refuses links, and if
    /// false, they are the files themselves. Default true.
    /// </summary>
    public bool UseSymbolicLinks { get; set; } = true;

    /// <summary>Errors, each of which names the value.</summary>
    internal IEnumerable<string> Errors()
    {
        if (Endpoint is not null && HubSettings.EndpointError(Endpoint.OriginalString) is { } error) yield return error;
        if (CacheFolder is { Length: 0 }) yield return $"{nameof(CacheFolder)} is empty; expected a folder.";
        if (Token is not null && Token.Any(c => c is < '!' or > '~'))
            yield return $"{nameof(Token)} has characters that no token has; expected visible ASCII characters.";
        if (ParallelFiles is < Least or > Most) yield return Range(nameof(ParallelFiles), ParallelFiles, Least, Most);
        if (ConnectionsPerFile is < Least or > Most) yield return Range(nameof(ConnectionsPerFile), ConnectionsPerFile, Least, Most);
        if (ChunkSize is < SmallestChunk or > LargestChunk)
            yield return Range(nameof(ChunkSize), ChunkSize, SmallestChunk, LargestChunk);
        if (ParallelThreshold < 1) yield return Range(nameof(ParallelThreshold), ParallelThreshold, 1, long.MaxValue);
        if (MaxRetries is < 0 or > MostRetries) yield return Range(nameof(MaxRetries), MaxRetries, 0, MostRetries);
        (string Name, TimeSpan Value)[] times =
        [
            (nameof(AttemptTimeout), AttemptTimeout), (nameof(StallTimeout), StallTimeout), (nameof(RetryDelay), RetryDelay),
            (nameof(MaxRetryDelay), MaxRetryDelay),
        ];
        foreach ((string name, TimeSpan value) in times)
            if (value < TimeSpan.FromMilliseconds(10) || value > TimeSpan.FromDays(1))
                yield return $"{name} is {value}; expected 10 milliseconds to one day.";
    }

    /// <summary>Checks the options.</summary>
    /// <exception cref="ArgumentException">A value is out of its range; the message names it.</exception>
    internal void Validate()
    {
        if (Errors().FirstOrDefault() is { } error) throw new ArgumentException(error);
    }

    internal ModelHubOptions Copy() => (ModelHubOptions)MemberwiseClone();

    private static string Range(string name, long value, long least, long most) =>
        string.Create(CultureInfo.InvariantCulture, $"{name} is {value}; expected {least} to {most}.");
}
