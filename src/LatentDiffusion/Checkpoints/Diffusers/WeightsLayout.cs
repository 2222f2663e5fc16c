using System.Text.Json;
using System.Text.Json.Nodes;
using static TorchSharp.torch;

namespace LatentDiffusion.Checkpoints;

/// <summary>How a component's weights were stored: which files, with which tensors, of which types.</summary>
/// <param name="Files">The files.</param>
/// <param name="Index">Name and text of the index of several files; null for one.</param>
internal sealed record WeightsLayout(IReadOnlyList<WeightsFile> Files, (string Name, string Json)? Index = null)
{
    /// <summary>Names of all its files.</summary>
    public IReadOnlyList<string> Names => [.. Files.Select(f => f.Name), .. Index is { } index ? [index.Name] : Array.Empty<string>()];

    /// <summary>Remembers how a source is stored; null where it is not safetensors.</summary>
    public static WeightsLayout? FromSource(ITensorSource source)
    {
        if (source is SafetensorsFile file) return new WeightsLayout([WeightsFile.FromFile(file)]);
        if (source is not ShardedCheckpoint) return null;
        string folder = Path.GetDirectoryName(Path.GetFullPath(source.Path))!, json = File.ReadAllText(source.Path);
        JsonObject map = PublishedJson.ParseObject(json)["weight_map"]!.AsObject();
        var files = new List<WeightsFile>();
        foreach (string name in map.Select(entry => (string)entry.Value!).Distinct().Order(StringComparer.Ordinal))
        {
            using ITensorSource shard = Checkpoint.OpenStored(Path.Combine(folder, name));
            if (shard is not SafetensorsFile opened) return null;
            files.Add(WeightsFile.FromFile(opened));
        }

        return new WeightsLayout(files, (Path.GetFileName(source.Path), json));
    }

    /// <summary>Writes a network's weights the way they were stored.</summary>
    /// <param name="network">The network, with the current names.</param>
    /// <param name="folder">The component's folder.</param>
    public void Write(nn.Module network, string folder)
    {
        using NetworkUse weights = NetworkUse.ToRead(network);
        IReadOnlyDictionary<string, Tensor> state = network.state_dict();
        foreach (WeightsFile file in Files) file.Write(state, folder);
        if (Index is not { } index) return;
        JsonObject json = PublishedJson.ParseObject(index.Json);
        var map = new JsonObject();
        foreach ((string name, JsonNode? shard) in json["weight_map"]!.AsObject())
            map[DiffusersNames.CurrentName(name)] = shard?.DeepClone();
        json["weight_map"] = map;
        AtomicFile.Write(Path.Combine(folder, index.Name), json.ToJsonString(new JsonSerializerOptions(ModelConfigJson.Options)));
    }
}
