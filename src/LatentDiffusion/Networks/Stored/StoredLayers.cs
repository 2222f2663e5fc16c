using static TorchSharp.torch;

namespace LatentDiffusion.Networks;

/// <summary>The layers of a network whose weights are held as stored, by the published names of the weights.</summary>
internal static class StoredLayers
{
    /// <summary>Layers that hold their weight as stored.</summary>
    public static IReadOnlyDictionary<string, PackedLayer> Find(nn.Module network) => Select(network, layer => layer.Stored is not null);

    /// <summary>Layers whose weight has no memory yet: it is read as stored, or allocated.</summary>
    public static IReadOnlyDictionary<string, PackedLayer> Deferred(nn.Module network) => Select(network, layer => layer.IsDeferred);

    /// <summary>Whether a network has any layers that hold their weight as stored.</summary>
    public static bool Any(nn.Module network) => network.modules().OfType<PackedLayer>().Any(layer => layer.Stored is not null);

    private static Dictionary<string, PackedLayer> Select(nn.Module network, Func<PackedLayer, bool> condition)
    {
        var found = new Dictionary<string, PackedLayer>(StringComparer.Ordinal);
        foreach ((string name, nn.Module module) in network.named_modules())
            if (module is PackedLayer layer && condition(layer)) found.Add(name.Length > 0 ? $"{name}.weight" : "weight", layer);
        if (network is PackedLayer root && condition(root)) found["weight"] = root;
        return found;
    }
}
