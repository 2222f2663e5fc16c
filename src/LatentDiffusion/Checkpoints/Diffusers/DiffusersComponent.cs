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
        string path = Path.Combine(folder, ConfigFile), json = PublishedJson.ReadText(path);
        className ??= PublishedJson.Named(path, () => ModelConfigJson.ClassOf(PublishedJson.ParseObject(json))
            ?? throw new InvalidDataException("it does not say which network it is: it has neither _class_name nor architectures."));
        NetworkConfig config = PublishedJson.Named(path, () => ConfigOf(json, className));
        if (config.IgnoredOptions.Count > 0) options.Logger?.OptionsIgnored(path, className, MessageText.List(config.IgnoredOptions));
        using ITensorSource source = Checkpoint.Open(ComponentWeights.Find(folder, options.Variant, options.Logger));
        ScaledFloat8.Refuse(source);
        using var mapped = new MappedTensors(source, DiffusersNames.Map(source));
        nn.Module network = PublishedJson.Named(path, () => Build(config, className, LayerFactory.For(mapped, options.Device, options.TypeFor(source))));
        try
        {
            StateDict.Load(network, mapped);
            network.eval();
            return (network, WeightsLayout.Of(source));
        }
        catch (Exception e)
        {
            network.Dispose();
            if (config.IgnoredOptions.Count > 0 && e is CheckpointException { Missing.Count: > 0 } or CheckpointException { Unexpected.Count: > 0 } or CheckpointException { Misshaped.Count: > 0 })
                throw new NotSupportedException($"{path} has options that {className} does not have ({MessageText.List(config.IgnoredOptions)}), and without them its weights do not fit.", e);
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
            if (Path.GetFileName(file) is var name && ComponentWeights.IsWeights(name) && !written.Contains(name)) File.Delete(file);
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

    private static NetworkConfig ConfigOf(string json, string className) => className switch
    {
        nameof(UNet2DConditionModel) => UNet2DConditionConfig.FromJson(json),
        nameof(AutoencoderKL) => AutoencoderKLConfig.FromJson(json),
        nameof(AutoencoderTiny) => AutoencoderTinyConfig.FromJson(json),
        nameof(VQModel) => VQConfig.FromJson(json),
        nameof(ControlNetModel) => ControlNetConfig.FromJson(json),
        PlainText or ProjectedText => ClipTextConfig.FromJson(json),
        _ => throw new NotSupportedException($"the network '{MessageText.Cut(className, 100)}' is not known."),
    };

    private static nn.Module Build(NetworkConfig config, string className, LayerFactory layers) => config switch
    {
        UNet2DConditionConfig unet => new UNet2DConditionModel(unet, layers),
        AutoencoderKLConfig autoencoder => new AutoencoderKL(autoencoder, layers),
        AutoencoderTinyConfig autoencoder => new AutoencoderTiny(autoencoder, layers),
        VQConfig autoencoder => new VQModel(autoencoder, layers),
        ControlNetConfig control => new ControlNetModel(control, layers),
        ClipTextConfig text => new ClipTextModel(text, className == ProjectedText, layers),
        _ => throw new NotSupportedException($"A {config.GetType().Name} describes no network of a folder."),
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
