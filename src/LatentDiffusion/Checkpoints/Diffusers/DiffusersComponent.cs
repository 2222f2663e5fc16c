using System.Text.Json.Nodes;
using static TorchSharp.torch;

namespace LatentDiffusion;

/// <summary>One network of a diffusers folder: <c>config.json</c> and weights.</summary>
internal static class DiffusersComponent
{
    public const string ConfigFile = "config.json", ProjectedText = "CLIPTextModelWithProjection", PlainText = "CLIPTextModel";

    /// <summary>Reads a network.</summary>
    /// <param name="folder">The component's folder, already checked.</param>
    /// <param name="className">Its published class; null to take what its configuration says.</param>
    /// <param name="options">How it is loaded.</param>
    public static (nn.Module Network, WeightsLayout? Layout) Read(string folder, string? className, CheckpointOptions options)
    {
        string path = Path.Combine(folder, ConfigFile), json = File.ReadAllText(path);
        className ??= ClassOf(json, path);
        using ITensorSource source = Checkpoint.OpenComponent(folder, options.Variant);
        using var mapped = new MappedTensors(source, DiffusersNames.Map(source));
        nn.Module network = Build(json, className, path, options.Device, options.TypeFor(source));
        try
        {
            StateDict.Load(network, mapped);
            network.eval();
            return (network, WeightsLayout.Of(source));
        }
        catch
        {
            network.Dispose();
            throw;
        }
    }

    /// <summary>Writes a network.</summary>
    /// <param name="network">The network.</param>
    /// <param name="folder">Made where it is missing.</param>
    /// <param name="layout">How its weights were stored; null for one file.</param>
    /// <param name="type">Type of its weights where no layout is given; null for its own.</param>
    public static void Write(nn.Module network, string folder, WeightsLayout? layout, ScalarType? type)
    {
        Directory.CreateDirectory(folder);
        string single = network is ClipTextModel ? "model.safetensors" : "diffusion_pytorch_model.safetensors";
        if (layout is not null) layout.Write(network, folder);
        else StateDict.Save(network, Path.Combine(folder, single), type);
        // Weights that stood there before under another name might be read in their place.
        IReadOnlyList<string> written = layout?.Names ?? [single];
        foreach (string file in Directory.GetFiles(folder))
            if (Path.GetFileName(file) is var name && Checkpoint.IsWeights(name) && !written.Contains(name)) File.Delete(file);
        NetworkConfig config = ConfigOf(network);
        JsonObject json = JsonNode.Parse(config.ToJson())!.AsObject();
        if (config.Source is null) Sign(json, network);
        AtomicFile.Write(Path.Combine(folder, ConfigFile), json.ToJsonString(ModelConfigJson.Options));
    }

    /// <summary>The published class of a network.</summary>
    public static string ClassOf(nn.Module network) => network switch
    {
        ClipTextModel text => text.HasProjection ? ProjectedText : PlainText,
        _ => network.GetType().Name,
    };

    private static nn.Module Build(string json, string className, string path, Device? device, ScalarType type) => className switch
    {
        nameof(UNet2DConditionModel) => UNet2DConditionConfig.FromJson(json).BuildUninitialized(device, type),
        nameof(AutoencoderKL) => AutoencoderKLConfig.FromJson(json).BuildUninitialized(device, type),
        nameof(AutoencoderTiny) => AutoencoderTinyConfig.FromJson(json).BuildUninitialized(device, type),
        nameof(VQModel) => VQConfig.FromJson(json).BuildUninitialized(device, type),
        nameof(ControlNetModel) => ControlNetConfig.FromJson(json).BuildUninitialized(device, type),
        PlainText => ClipTextConfig.FromJson(json).BuildUninitialized(projection: false, device, type),
        ProjectedText => ClipTextConfig.FromJson(json).BuildUninitialized(projection: true, device, type),
        _ => throw new NotSupportedException($"{path}: the network '{className}' is not known."),
    };

    private static NetworkConfig ConfigOf(nn.Module network) => network switch
    {
        UNet2DConditionModel unet => unet.Config,
        AutoencoderKL autoencoder => autoencoder.Config,
        AutoencoderTiny autoencoder => autoencoder.Config,
        VQModel autoencoder => autoencoder.Config,
        ControlNetModel control => control.Config,
        ClipTextModel text => text.Config,
        _ => throw new NotSupportedException($"A {network.GetType().Name} has no published configuration."),
    };

    private static string ClassOf(string json, string path)
    {
        JsonNode? config = JsonNode.Parse(json);
        JsonNode? name = config?["_class_name"] ?? (config?["architectures"] as JsonArray)?.FirstOrDefault();
        return (string?)name ?? throw new InvalidDataException($"{path} does not say which network it is: it has neither _class_name nor architectures.");
    }

    /// <summary>What the libraries look at to know whose configuration it is.</summary>
    private static void Sign(JsonObject json, nn.Module network)
    {
        if (network is not ClipTextModel)
        {
            json.Insert(0, "_class_name", ClassOf(network));
            return;
        }

        json["architectures"] = new JsonArray(ClassOf(network));
        json["model_type"] = "clip_text_model";
    }
}
