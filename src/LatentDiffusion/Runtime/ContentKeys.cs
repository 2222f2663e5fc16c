using System.Security.Cryptography;
using System.Text;
using static TorchSharp.torch;

namespace LatentDiffusion.Runtime;

/// <summary>Identifies networks by their content, for cache keys.</summary>
internal static class ContentKeys
{
    /// <summary>The key of a network: its configuration and its weights.</summary>
    public static string ForNetwork(nn.Module network, NetworkConfig config)
    {
        using NetworkUse weights = NetworkUse.ToRead(network);
        return $"{config.GetType().Name} {StableHash.Compute(config.ToJson())} {Hash(network)}";
    }

    private static string Hash(nn.Module network)
    {
        IReadOnlyDictionary<string, PackedLayer> stored = StoredLayers.Find(network);
        if (stored.Count == 0) return ContentHash.Compute(network);
        using IDisposable noGradient = no_grad();
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        foreach ((string name, Tensor tensor) in network.state_dict().OrderBy(t => t.Key, StringComparer.Ordinal))
        {
            hash.AppendData(Encoding.UTF8.GetBytes($"{name}\n{tensor.dtype}\n[{string.Join(',', tensor.shape)}]\n"));
            if (stored.TryGetValue(name, out PackedLayer? layer)) layer.Stored!.AppendTo(hash);
            else TensorBytes.Drain(tensor, tensor.dtype, hash.AppendData);
        }

        return Convert.ToHexStringLower(hash.GetHashAndReset());
    }
}
