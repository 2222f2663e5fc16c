using System.Text.Json;
using System.Text.Json.Nodes;
using TorchSharp;
using static TorchSharp.torch;

namespace LatentDiffusion;

/// <summary>
/// A model as a folder in the layout of diffusers: <c>model_index.json</c>, and a folder with configuration and weights
/// for each of <c>unet</c>, <c>vae</c>, <c>text_encoder</c>, <c>tokenizer</c> and <c>scheduler</c>.
/// </summary>
public static class ModelFolder
{
    private const string Index = "model_index.json", Config = "config.json", Diffusion = "diffusion_pytorch_model.safetensors", Text = "model.safetensors";

    /// <summary>Writes a model. The folder is complete only when its <c>model_index.json</c> is there, which is written last.</summary>
    /// <param name="folder">Made where it is missing.</param>
    /// <param name="network">The U-Net.</param>
    /// <param name="autoencoder">The autoencoder.</param>
    /// <param name="textModel">The text tower.</param>
    /// <param name="vocabulary">The tokenizer's vocabulary.</param>
    /// <param name="scheduler">The scheduler's configuration, with its class.</param>
    /// <param name="precision">Data type of the weights in the files; null keeps each one's own.</param>
    public static void Write(
        string folder, UNet2DConditionModel network, AutoencoderKL autoencoder, ClipTextModel textModel, BpeVocabulary vocabulary,
        SchedulerConfig scheduler, ScalarType? precision = null)
    {
        ArgumentNullException.ThrowIfNull(network);
        ArgumentNullException.ThrowIfNull(autoencoder);
        ArgumentNullException.ThrowIfNull(textModel);
        ArgumentNullException.ThrowIfNull(vocabulary);
        ArgumentNullException.ThrowIfNull(scheduler);
        string Part(string name) => Directory.CreateDirectory(Path.Combine(folder, name)).FullName;

        StateDict.Save(network, Path.Combine(Part("unet"), Diffusion), precision);
        WriteJson(Path.Combine(Part("unet"), Config), network.Config, nameof(UNet2DConditionModel));
        StateDict.Save(autoencoder, Path.Combine(Part("vae"), Diffusion), precision);
        WriteJson(Path.Combine(Part("vae"), Config), autoencoder.Config, nameof(AutoencoderKL));
        StateDict.Save(textModel, Path.Combine(Part("text_encoder"), Text), precision);
        WriteJson(Path.Combine(Part("text_encoder"), Config), textModel.Config, "CLIPTextModel");
        vocabulary.Save(Part("tokenizer"));
        AtomicFile.Write(Path.Combine(Part("scheduler"), "scheduler_config.json"), scheduler.ToJson());
        var index = new JsonObject
        {
            ["_class_name"] = "StableDiffusionPipeline",
            ["scheduler"] = new JsonArray("diffusers", scheduler.ClassName),
            ["text_encoder"] = new JsonArray("transformers", "CLIPTextModel"),
            ["tokenizer"] = new JsonArray("transformers", "CLIPTokenizer"),
            ["unet"] = new JsonArray("diffusers", nameof(UNet2DConditionModel)),
            ["vae"] = new JsonArray("diffusers", nameof(AutoencoderKL)),
        };
        AtomicFile.Write(Path.Combine(folder, Index), index.ToJsonString(ModelConfigJson.Options));
    }

    /// <summary>Reads a model.</summary>
    /// <param name="folder">A folder with a <c>model_index.json</c>.</param>
    /// <param name="device">Where the networks run; null for CUDA where there is one, else the CPU.</param>
    /// <exception cref="DirectoryNotFoundException">There is no model in the folder.</exception>
    /// <exception cref="CheckpointException">A weights file is damaged or does not fit its configuration.</exception>
    /// <exception cref="InvalidDataException">A configuration cannot be read.</exception>
    public static DiffusionModel Open(string folder, Device? device = null)
    {
        ArgumentException.ThrowIfNullOrEmpty(folder);
        if (!File.Exists(Path.Combine(folder, Index)))
            throw new DirectoryNotFoundException($"'{Path.GetFullPath(folder)}' is no model folder: it has no {Index}.");
        NativeLibraries.EnsureLoaded();
        device ??= cuda.is_available() ? CUDA : CPU;
        string Read(string part, string file) => File.ReadAllText(Path.Combine(folder, part, file));

        UNet2DConditionModel network = UNet2DConditionConfig.FromJson(Read("unet", Config)).Build();
        AutoencoderKL autoencoder = AutoencoderKLConfig.FromJson(Read("vae", Config)).Build();
        ClipTextModel textModel = ClipTextConfig.FromJson(Read("text_encoder", Config)).Build();
        StateDict.Load(network, Path.Combine(folder, "unet", Diffusion));
        StateDict.Load(autoencoder, Path.Combine(folder, "vae", Diffusion));
        StateDict.Load(textModel, Path.Combine(folder, "text_encoder", Text));
        foreach (nn.Module module in new nn.Module[] { network, autoencoder, textModel })
        {
            module.eval();
            if (device.type != DeviceType.CPU) module.to(device);
        }

        var tokenizer = new ClipTokenizer(BpeVocabulary.Open(Path.Combine(folder, "tokenizer")), textModel.Config.MaxPositionEmbeddings);
        return new DiffusionModel(
            new UNetDenoiser(network), new ClipTextEncoder(textModel, tokenizer), new LatentAutoencoder(autoencoder),
            SchedulerConfig.Parse(Read("scheduler", "scheduler_config.json")), network.Config.SampleSize?[0] ?? 64, device);
    }

    private static void WriteJson<T>(string path, T config, string className)
    {
        JsonObject json = JsonSerializer.SerializeToNode(config, ModelConfigJson.Options)!.AsObject();
        json.Insert(0, "_class_name", className);
        AtomicFile.Write(path, json.ToJsonString(ModelConfigJson.Options));
    }
}
