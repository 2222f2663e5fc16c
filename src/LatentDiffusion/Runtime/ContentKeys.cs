using static TorchSharp.torch;

namespace LatentDiffusion.Runtime;

/// <summary>Identifies networks by their content, for cache keys.</summary>
internal static class ContentKeys
{
    /// <summary>The key of a network: its configuration and its weights.</summary>
    public static string Of(nn.Module network, NetworkConfig config)
    {
        using NetworkUse weights = NetworkUse.Of(network);
        return $"{config.GetType().Name} {StableHash.Of(config.ToJson())} {ContentHash.Of(network)}";
    }
}
