using static TorchSharp.torch;

namespace LatentDiffusion;

/// <summary>What parts of models are called in the keys of caches: by their content, whatever the caller says of them.</summary>
internal static class ContentKey
{
    /// <summary>Of a network: its configuration and its weights.</summary>
    public static string Of(nn.Module network, NetworkConfig config)
    {
        using NetworkUse weights = NetworkUse.Of(network);
        return $"{config.GetType().Name} {StableHash.Of(config.ToJson())} {ContentHash.Of(network)}";
    }

    /// <summary>Of any part: one that is not the library's is known by its type alone.</summary>
    public static string Of(object part) => part is IContentKeyed known ? known.ContentKey : part.GetType().FullName!;
}
