using LatentDiffusion.Tests.Checkpoints;
using LatentDiffusion.Tests.Models;
using LatentDiffusion.Tests.Pipelines;
using LatentDiffusion.Tests.Upscaling;
using TorchSharp;
using static TorchSharp.torch;

namespace LatentDiffusion.Tests.Documentation;

/// <summary>Files of whole models, and of the separate networks of a model.</summary>
internal static class StandInFiles
{
    private const string Family = "sd1";

    /// <summary>The separate transformers, and the models in <see cref="PublishedModel"/> that they belong to.</summary>
    private static readonly Dictionary<string, string> s_transformers = new()
    {
        ["sd3.5_medium.safetensors"] = "sd3.5-medium", ["flux1-dev-Q8_0.gguf"] = "flux-dev", ["Chroma1-HD-Q8_0.gguf"] = "chroma",
        ["flux-2-klein-4b.safetensors"] = "flux2-klein", ["z_image_turbo_bf16.safetensors"] = "z-image-turbo",
    };

    private static readonly Dictionary<string, string[]> s_textEncoders = new()
    {
        ["clip_l.safetensors"] = [ComponentNames.TextEncoder], ["clip_g.safetensors"] = [ComponentNames.TextEncoder2],
        ["qwen_3_4b.safetensors"] = [ComponentNames.TextEncoder],
        ["t5xxl_fp16.safetensors"] = [ComponentNames.TextEncoder3, ComponentNames.TextEncoder2, ComponentNames.TextEncoder],
        ["t5xxl_fp8_e4m3fn.safetensors"] = [ComponentNames.TextEncoder2],
    };

    private static readonly string[] s_autoencoders = ["ae.safetensors", "flux2-vae.safetensors"];

    public static Dictionary<string, Action<StandIn>> Table { get; } = new(
    [
        .. s_transformers.Keys.Select(name => KeyValuePair.Create<string, Action<StandIn>>(name, WriteTransformer)),
        .. s_textEncoders.Keys.Select(name => KeyValuePair.Create<string, Action<StandIn>>(name, WriteTextEncoder)),
        .. s_autoencoders.Select(name => KeyValuePair.Create<string, Action<StandIn>>(name, WriteAutoencoder)),
        new("model.safetensors", file => WriteModel(file.Path)),
        new("model-q4_k.gguf", WriteGguf),
        new("vae-ft-mse-840000-ema-pruned.safetensors", WriteStableDiffusionAutoencoder),
        new("clip-tokenizer", folder => TinyModels.Vocabulary.Save(folder.Path)),
        new("scheduler_config.json", WriteScheduler),
        new("RealESRGAN_x4plus.pth", WriteUpscaler),
    ]);

    private static void WriteModel(string path)
    {
        using ModelComponents made = FamilyFolders.Make(Family);
        LdmWriter.Write(made, path);
    }

    private static void WriteGguf(StandIn file)
    {
        using var scope = NewDisposeScope();
        using SafetensorsFile whole = SafetensorsFile.Open(file.Made("whole.safetensors", WriteModel));
        Write(file.Path, whole.Names.ToDictionary(name => name, whole.Read));
        TinyModels.Vocabulary.Save(Path.Combine(Path.GetDirectoryName(file.Path)!, "tokenizer"));
    }

    private static void WriteStableDiffusionAutoencoder(StandIn file)
    {
        using ModelComponents made = FamilyFolders.Make(Family);
        SafetensorsWriter.Write(file.Path, LdmWriter.Alone((AutoencoderKL)made.Autoencoder));
    }

    private static void WriteScheduler(StandIn file) => File.Copy(
        Path.Combine(StandInModels.FolderOf(file), "scheduler", "scheduler_config.json"), file.Path);

    private static void WriteUpscaler(StandIn file)
    {
        using DisposeScope scope = NewDisposeScope();
        UpscalerWeights.WritePickle(file.Path, ("params_ema", UpscalerFiles.Tensors()));
    }

    private static void WriteTransformer(StandIn file) => WithModel(file, model =>
    {
        Dictionary<string, Tensor> transformer = PublishedNames.Original(model.Get<nn.Module>(ComponentNames.Transformer));
        // Without a file of its own, the autoencoder is in that of the transformer.
        return file.Names.Any(s_autoencoders.Contains)
            ? transformer
            : WithPrefix("model.diffusion_model.", transformer).Concat(WithPrefix("vae.", Autoencoder(model))).ToDictionary();
    });

    private static void WriteAutoencoder(StandIn file) => WithModel(file, Autoencoder);

    private static void WriteTextEncoder(StandIn file) => WithModel(
        file, model => s_textEncoders[file.Name].Select(model.Find<nn.Module>).OfType<nn.Module>().First().state_dict());

    private static void WithModel(StandIn file, Func<ModelComponents, Dictionary<string, Tensor>> part)
    {
        string model = s_transformers[file.Names.Single(s_transformers.ContainsKey)];
        using DisposeScope scope = NewDisposeScope();
        using ModelComponents made = StandInModels.Make(model, file.Made($"{model} tokenizers", _ => { }));
        Write(file.Path, part(made));
    }

    private static Dictionary<string, Tensor> Autoencoder(ModelComponents model) =>
        PublishedNames.Original(model.Get<nn.Module<Tensor, Tensor>>(ComponentNames.Autoencoder));

    private static IEnumerable<KeyValuePair<string, Tensor>> WithPrefix(string prefix, Dictionary<string, Tensor> tensors) =>
        tensors.Select(tensor => KeyValuePair.Create(prefix + tensor.Key, tensor.Value));

    private static void Write(string path, Dictionary<string, Tensor> tensors)
    {
        if (Path.GetExtension(path) == ".gguf") GgufWriter.Write(path, tensors, GgufType.F32);
        else SafetensorsWriter.Write(path, tensors);
    }
}
