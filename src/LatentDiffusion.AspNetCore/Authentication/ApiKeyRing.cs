using System.Security.Cryptography;
using System.Text;

namespace LatentDiffusion.AspNetCore.Authentication;

/// <summary>Finds the name of a key. The time that it takes does not depend on how much of a key is right.</summary>
internal sealed class ApiKeyRing : IDisposable
{
    private readonly IDisposable? _changes;
    private volatile (string Name, byte[] Hash)[] _keys;

    public ApiKeyRing(IOptionsMonitor<LatentDiffusionServerOptions> options)
    {
        _keys = Hashed(options.CurrentValue);
        _changes = options.OnChange(changed => _keys = Hashed(changed));
    }

    /// <summary>The name of a key; null if there is no such key.</summary>
    public string? FindName(string key)
    {
        byte[] hash = Hash(key);
        string? found = null;
        foreach ((string name, byte[] known) in _keys)
            if (CryptographicOperations.FixedTimeEquals(hash, known)) found = name;
        return found;
    }

    public void Dispose() => _changes?.Dispose();

    private static (string Name, byte[] Hash)[] Hashed(LatentDiffusionServerOptions options) =>
        [.. options.ApiKeys.Select(k => (k.Key, Hash(k.Value)))];

    private static byte[] Hash(string key) => SHA256.HashData(Encoding.UTF8.GetBytes(key));
}
