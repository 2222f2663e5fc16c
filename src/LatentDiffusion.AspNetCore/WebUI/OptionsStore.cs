using System.Collections.Concurrent;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;

namespace LatentDiffusion.AspNetCore.WebUI;

/// <summary>
/// Keeps the options of each caller in the image store, so that all servers of a queue have them and a restart does not lose them. The
/// store may delete files that nobody wrote for long; this process then writes its copy again.
/// </summary>
internal sealed class OptionsStore(IImageStore store)
{
    /// <summary>More callers than an application has keys.</summary>
    private const int MostCopies = 10_000;

    private readonly ConcurrentDictionary<string, ApiOptions> _copies = new();

    public async Task<ApiOptions> ReadAsync(string caller, CancellationToken cancellationToken)
    {
        string name = NameOf(caller);
        Stream? stream = await store.OpenReadAsync(name, cancellationToken).ConfigureAwait(false);
        if (stream is not null)
        {
            await using (stream.ConfigureAwait(false))
                return Copy(name, await ReadAsync(stream, cancellationToken).ConfigureAwait(false));
        }

        if (!_copies.TryGetValue(name, out ApiOptions? copy)) return new ApiOptions();
        await WriteAsync(caller, copy, cancellationToken).ConfigureAwait(false);
        return copy;
    }

    public async Task WriteAsync(string caller, ApiOptions options, CancellationToken cancellationToken)
    {
        string name = NameOf(caller);
        await store.WriteAsync(name, JsonSerializer.SerializeToUtf8Bytes(options), cancellationToken).ConfigureAwait(false);
        Copy(name, options);
    }

    private static async Task<ApiOptions> ReadAsync(Stream stream, CancellationToken cancellationToken)
    {
        try
        {
            return await JsonSerializer.DeserializeAsync<ApiOptions>(stream, cancellationToken: cancellationToken).ConfigureAwait(false)
                ?? new ApiOptions();
        }
        catch (JsonException)
        {
            // Of another version.
            return new ApiOptions();
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
}
