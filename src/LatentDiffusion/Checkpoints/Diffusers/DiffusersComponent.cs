using System.Text.Json.Nodes;
using static TorchSharp.torch;

namespace LatentDiffusion.Checkpoints;

/// <summary>One network of a diffusers folder: <c>config.json</c> and weights.</summary>
internal static class DiffusersComponent
{
    public const string ConfigFile = "config.json";

    /// <summary>The published class that a network's configuration names.</summary>
    /// <param name="folder">The network's folder, already checked.</param>
    /// <exception cref="InvalidDataException">It names none.</exception>
    public static string ClassOf(string folder)
    {
        string path = Path.Combine(folder, ConfigFile), json = PublishedJson.ReadText(path);
        return PublishedJson.Named(path, () => ModelConfigJson.ClassOf(PublishedJson.ParseObject(json))
            ?? throw new InvalidDataException("it does not say which network it is: it has neither _class_name nor architectures."));
    }

    /// <summary>Reads a network.</summary>
    /// <param name="folder">The component's folder, already checked.</param>
    /// <param name="type">Its class.</param>
    /// <param name="options">How it is loaded.</param>
    public static (nn.Module Network, WeightsLayout? Layout) Read(string folder, NetworkType type, CheckpointOptions options)
    {
        string path = Path.Combine(folder, ConfigFile), json = PublishedJson.ReadText(path), className = type.ClassName;
        NetworkConfig config = PublishedJson.Named(path, () => type.Parse(json));
        if (config.IgnoredOptions.Count > 0) options.Logger?.OptionsIgnored(path, className, MessageText.List(config.IgnoredOptions));
        using ITensorSource source = Checkpoint.Open(ComponentWeights.Find(folder, options.Variant, options.Logger));
        using var mapped = new MappedTensors(source, type.Map(config, source));
        nn.Module network = PublishedJson.Named(
            path, () => type.Build(config, LayerFactory.For(mapped, options)));
        try
        {
            StateDict.Load(network, mapped);
            network.eval();
            // Weights that are kept as stored are written expanded, into one file.
            bool isWhole = !type.IsPartial(network) && !HasOthers(source, mapped) && !StoredLayers.Any(network);
            return (network, isWhole ? WeightsLayout.FromSource(source) : null);
        }
        catch (Exception e)
        {
            network.Dispose();
            if (config.IgnoredOptions.Count > 0 && e is CheckpointException { Missing.Count: > 0 }
                or CheckpointException { Unexpected.Count: > 0 } or CheckpointException { Misshaped.Count: > 0 })
            {
                throw new NotSupportedException(
                    $"{path} has options that {className} does not have ({MessageText.List(config.IgnoredOptions)}), "
                    + "and without them its weights do not fit.", e);
            }

            throw;
        }
    }

    /// <summary>Whether a text encoder's file has tensors that the network does not have, or under other names.</summary>
    private static bool HasOthers(ITensorSource source, MappedTensors mapped) => source.Entries.Any(entry =>
        entry.Name != DiffusersNames.PositionIds && mapped.Find(DiffusersNames.CurrentName(entry.Name)) is null);

    /// <summary>Writes a network.</summary>
    /// <param name="network">The network.</param>
    /// <param name="type">Its class.</param>
    /// <param name="folder">Made where it is missing.</param>
    /// <param name="layout">How its weights were stored; null for one file.</param>
    /// <param name="floatingPoint">Type of its weights where no layout is given; null for its own.</param>
    /// <param name="specification">What the file says about the model where no layout is given; null for nothing.</param>
    public static void Write(
        nn.Module network, NetworkType type, string folder, WeightsLayout? layout, ScalarType? floatingPoint,
        ModelSpec? specification = null)
    {
        if (type.IsPartial(network))
        {
            throw new NotSupportedException(
                $"The {type.ClassName} lacks layers of the model that it was read from, so that it cannot be written.");
        }

        Directory.CreateDirectory(folder);
        if (layout is not null) layout.Write(network, folder);
        else
        {
            string path = Path.Combine(folder, type.WeightsFile);
            StateDict.Save(network, path, floatingPoint, specification?.For(path, StateDict.Format));
        }

        // Weights that stood there before under another name might be read in their place.
        IReadOnlyList<string> written = layout?.Names ?? [type.WeightsFile];
        foreach (string file in Directory.GetFiles(folder))
            if (Path.GetFileName(file) is var name && WeightsNames.IsWeights(name) && !written.Contains(name)) File.Delete(file);
        NetworkConfig config = type.ConfigOf(network);
        JsonObject json = JsonNode.Parse(config.ToJson())!.AsObject();
        if (config.Source is null) WriteClassName(json, type);
        AtomicFile.Write(Path.Combine(folder, ConfigFile), json.ToJsonString(ModelConfigJson.Options));
    }

    /// <summary>Adds the entries by which the libraries recognize the class of a configuration.</summary>
    private static void WriteClassName(JsonObject json, NetworkType type)
    {
        if (type.ModelType is null)
        {
            json.Insert(0, "_class_name", type.ClassName);
            return;
        }

        json["architectures"] = new JsonArray(type.ClassName);
        json["model_type"] = type.ModelType;
    }
}
