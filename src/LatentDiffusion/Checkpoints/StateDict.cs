using static TorchSharp.torch;

namespace LatentDiffusion.Checkpoints;

/// <summary>
/// Loads checkpoints into networks and saves them. Loading is strict: all differences are found first and reported in one
/// exception. Only a file that fits is read, directly into the network's parameters and buffers.
/// </summary>
public static class StateDict
{
    /// <summary>The metadata that diffusers writes, and that its loader requires.</summary>
    internal static IReadOnlyDictionary<string, string> Format { get; } = new Dictionary<string, string> { ["format"] = "pt" };

    /// <summary>Loads a safetensors file into a network.</summary>
    /// <param name="module">The network. It keeps its data types and devices; the values are converted to them.</param>
    /// <param name="path">Path of a safetensors file.</param>
    /// <param name="nameMap">The network's name for a name in the file, null to leave the tensor out; omitted where both agree.</param>
    /// <exception cref="CheckpointException">The file is damaged or does not fit; the network is unchanged.</exception>
    public static void Load(nn.Module module, string path, Func<string, string?>? nameMap = null)
    {
        using SafetensorsFile file = SafetensorsFile.Open(path);
        Load(module, file, nameMap);
    }

    /// <summary>Loads tensors into a network.</summary>
    /// <param name="module">The network; keeps its data types and devices, and the values are converted to them.</param>
    /// <param name="source">Where the values come from.</param>
    /// <param name="nameMap">The network's name for a name in the source, null to leave the tensor out; omitted where both agree.</param>
    /// <exception cref="CheckpointException">The source does not fit; the network is unchanged.</exception>
    public static void Load(nn.Module module, ITensorSource source, Func<string, string?>? nameMap = null)
    {
        ArgumentNullException.ThrowIfNull(module);
        using NetworkUse weights = NetworkUse.ToChange(module);
        Load(module.state_dict(), source, nameMap, StoredLayers.Deferred(module));
    }

    /// <summary>Loads tensors into others by name.</summary>
    /// <param name="parameters">Takes the values; keep their data types and devices.</param>
    /// <param name="source">Where the values come from.</param>
    /// <param name="nameMap">The parameter's name for a name in the source, null to leave the tensor out; omitted where both agree.</param>
    /// <exception cref="CheckpointException">
    /// The source does not fit, and the parameters are unchanged; or it was shortened while it was read, and the parameters
    /// contain some of its values.
    /// </exception>
    /// <exception cref="InvalidOperationException">A parameter is on the meta device; the message names it.</exception>
    public static void Load(
        IReadOnlyDictionary<string, Tensor> parameters,
        ITensorSource source,
        Func<string, string?>? nameMap = null)
    {
        ArgumentNullException.ThrowIfNull(parameters);
        // Values that are copied into a tensor without memory are lost silently.
        if (parameters.FirstOrDefault(p => p.Value.device_type == TorchSharp.DeviceType.META).Key is { } name)
            throw new InvalidOperationException($"'{name}' has no memory that values can be read into.");
        Load(parameters, source, nameMap, new Dictionary<string, PackedLayer>());
    }

    /// <summary>Loads tensors into some of a network's parameters and buffers.</summary>
    /// <param name="module">The network, held exclusively.</param>
    /// <param name="parameters">Its parameters and buffers to load.</param>
    /// <param name="source">Where the values come from.</param>
    internal static void Load(nn.Module module, IReadOnlyDictionary<string, Tensor> parameters, ITensorSource source) =>
        Load(parameters, source, nameMap: null, StoredLayers.Deferred(module));

    /// <summary>Loads tensors into others by name, and keeps those of deferred layers as they are stored.</summary>
    private static void Load(
        IReadOnlyDictionary<string, Tensor> parameters,
        ITensorSource source,
        Func<string, string?>? nameMap,
        IReadOnlyDictionary<string, PackedLayer> deferred)
    {
        ArgumentNullException.ThrowIfNull(source);
        Dictionary<string, TensorEntry> entries = Rename(source, nameMap);
        string[] missing = [.. parameters.Keys.Where(name => !entries.ContainsKey(name))];
        string[] unexpected = [.. entries.Keys.Where(name => !parameters.ContainsKey(name))];
        string[] misshaped =
        [
            .. from entry in entries
               where parameters.ContainsKey(entry.Key)
               let shape = parameters[entry.Key].shape
               where !shape.SequenceEqual(entry.Value.Shape)
               select $"{entry.Key}: [{string.Join(", ", entry.Value.Shape)}] in the file, [{string.Join(", ", shape)}] in the network",
        ];
        if (missing.Length + unexpected.Length + misshaped.Length > 0)
            throw new CheckpointException(source.Path, missing, unexpected, misshaped);
        foreach ((string name, TensorEntry entry) in entries)
        {
            if (!deferred.TryGetValue(name, out PackedLayer? layer)) source.ReadInto(entry.Name, parameters[name]);
            else if (source.FindRows(entry.Name) is { } rows) layer.Keep(StoredMatrix.Read(rows));
            else source.ReadInto(entry.Name, layer.Allocate());
        }
    }

    /// <summary>
    /// Saves a network's parameters and buffers as a safetensors file, atomically. Weights that are kept as stored are expanded, one at a
    /// time.
    /// </summary>
    /// <param name="module">The network.</param>
    /// <param name="path">Path of the file; its folder exists.</param>
    /// <param name="floatingPoint">
    /// Type to convert floating-point values to while writing, for example float16; null to keep theirs.
    /// </param>
    /// <param name="metadata">Text entries for the header; null for <c>format: pt</c>, which diffusers writes and asks for.</param>
    public static void Save(
        nn.Module module,
        string path,
        ScalarType? floatingPoint = null,
        IReadOnlyDictionary<string, string>? metadata = null)
    {
        ArgumentNullException.ThrowIfNull(module);
        using NetworkUse weights = NetworkUse.ToRead(module);
        IReadOnlyDictionary<string, PackedLayer> stored = StoredLayers.Find(module);
        SafetensorsWriter.Write(
            path,
            module.state_dict().Select(p => stored.TryGetValue(p.Key, out PackedLayer? layer)
                ? new WrittenTensor(p.Key, p.Value.shape, p.Value.dtype, layer.Stored!.ToTensor)
                : WrittenTensor.FromTensor(p.Key, p.Value)),
            metadata ?? Format,
            floatingPoint);
    }

    private static Dictionary<string, TensorEntry> Rename(ITensorSource source, Func<string, string?>? nameMap)
    {
        var entries = new Dictionary<string, TensorEntry>();
        foreach (TensorEntry entry in source.Entries)
        {
            string? name = nameMap is null ? entry.Name : nameMap(entry.Name);
            if (name is not null && !entries.TryAdd(name, entry))
                throw new CheckpointException(source.Path, $"'{entries[name].Name}' and '{entry.Name}' both stand for '{name}'.");
        }

        return entries;
    }
}
