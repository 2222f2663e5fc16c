using System.Security.Cryptography;
using System.Text;

namespace LatentDiffusion.AspNetCore.Authentication;

/// <summary>Finds the name of a key. The time that it takes does not depend on how much of a key is right.</summary>
internal sealed class ApiKeyRing(CurrentServerOptions options)
{
    private volatile Keys _keys = new(options.Value);

    /// <summary>The name of a key; null if there is no such key.</summary>
    public string? FindName(string key)
    {
        Keys keys = _keys;
        LatentDiffusionServerOptions current = options.Value;
        if (keys.Options != current) _keys = keys = new Keys(current);
        byte[] hash = Hash(key);
        string? found = null;
        foreach ((string name, byte[] known) in keys.Hashed)
            if (CryptographicOperations.FixedTimeEquals(hash, known)) found = name;
        return found;
    }

    private static byte[] Hash(string key) => SHA256.HashData(Encoding.UTF8.GetBytes(key));

    private sealed class Keys(LatentDiffusionServerOptions options)
    {
        /// <summary>The options that have the keys.</summary>
        public LatentDiffusionServerOptions Options { get; } = options;

        public (string Name, byte[] Hash)[] Hashed { get; } = [.. options.ApiKeys.Select(k => (k.Key, Hash(k.Value)))];
    }
}
