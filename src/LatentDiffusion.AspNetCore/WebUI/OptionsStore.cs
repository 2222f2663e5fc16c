using System.Collections.Concurrent;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;

namespace LatentDiffusion.AspNetCore.WebUI;

/// <summary>
/// Keeps the options of each caller in the image store, so that all servers of a queue have them and a restart does not lose them. Queues
/// delete files that nobody wrote for their retention time, so files in use are written again before it is over; where one was deleted,
/// this process writes its copy.
/// </summary>
internal sealed class OptionsStore(IImageStore store, IOptions<JobQueueOptions> queue, TimeProvider time)
{
    /// <summary>More callers than an application has keys.</summary>
    private const int MostCopies = 10_000;

    /// <summary>How often a file is written again within the retention time.</summary>
    private const int Rewrites = 4;

    private readonly ConcurrentDictionary<string, ApiOptions> _copies = new();

    public async Task<ApiOptions> ReadAsync(string caller, CancellationToken cancellationToken)
    {
        string name = NameOf(caller);
        Stream? stream = await store.OpenReadAsync(name, cancellationToken).ConfigureAwait(false);
        if (stream is not null)
        {
            StoredOptions? stored;
            await using (stream.ConfigureAwait(false)) stored = await ReadAsync(stream, cancellationToken).ConfigureAwait(false);
            if (stored is null) return Copy(name, new ApiOptions());
            if (time.GetUtcNow() - stored.Written >= queue.Value.Retention / Rewrites)
                await WriteAsync(caller, stored.Options, cancellationToken).ConfigureAwait(false);
            return Copy(name, stored.Options);
        }

        if (!_copies.TryGetValue(name, out ApiOptions? copy)) return new ApiOptions();
        await WriteAsync(caller, copy, cancellationToken).ConfigureAwait(false);
        return copy;
    }

    public async Task WriteAsync(string caller, ApiOptions options, CancellationToken cancellationToken)
    {
        string name = NameOf(caller);
        byte[] file = JsonSerializer.SerializeToUtf8Bytes(new StoredOptions(options, time.GetUtcNow()));
        await store.WriteAsync(name, file, cancellationToken).ConfigureAwait(false);
        Copy(name, options);
    }

    /// <summary>Null for a file of another version.</summary>
    private static async Task<StoredOptions?> ReadAsync(Stream stream, CancellationToken cancellationToken)
    {
        try
        {
            StoredOptions? stored = await JsonSerializer
                .DeserializeAsync<StoredOptions>(stream, cancellationToken: cancellationToken).ConfigureAwait(false);
            return stored is { Options: not null } ? stored : null;
        }
        catch (JsonException)
        {
            return null;
        }
    }

    private ApiOptions Copy(string name, ApiOptions options)
    {
        if (_copies.Count >= MostCopies) _copies.Clear();
        return _copies[name] = options;
    }

    // Names of callers may have any characters.
    private static string NameOf(string caller) =>
        $"webui-options/{Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(caller)))}.json";

    private sealed record StoredOptions(ApiOptions Options, DateTimeOffset Written);
}
