using TorchSharp;
using static TorchSharp.torch;

namespace LatentDiffusion.Tests.Models;

/// <summary>One model of each family in every layout in which models are published, written when first asked for.</summary>
public sealed class LayoutFiles : IDisposable
{
    private readonly TemporaryFolder _folder = new();
    private readonly Dictionary<string, Lazy<byte[]>> _images = [];

    /// <summary>The image that a model draws from its folder.</summary>
    /// <param name="model">Name of the model.</param>
    public byte[] ImageOf(string model)
    {
        lock (_images)
        {
            if (!_images.TryGetValue(model, out Lazy<byte[]>? image))
                _images.Add(model, image = new(() => Draw(Builder(model, "folder"))));
            return image.Value;
        }
    }

    /// <summary>A builder with the model in a layout.</summary>
    /// <param name="model">Name of the model.</param>
    /// <param name="layout">
    /// <c>folder</c>; <c>file</c> with original names and all networks; <c>split</c> into files with original names, <c>split-folder</c>
    /// into those with the names of folders; <c>gguf</c> and <c>gguf-folder</c>, the same in GGUF, with the names of llama.cpp for text
    /// encoders.
    /// </param>
    internal DiffusionPipelineBuilder Builder(string model, string layout)
    {
        Make(model);
        DiffusionPipelineBuilder builder = new DiffusionPipelineBuilder().UseDevice(CPU);
        return layout switch
        {
            "folder" => builder.UseModelFolder(_folder[model]),
            "file" => builder.UseModelFile(WriteFile(model), _folder[model]),
            _ when layout.StartsWith("gguf", StringComparison.Ordinal) => builder.UseModelFiles(WriteGguf(model, layout, GgufType.F32)),
            _ => builder.UseModelFiles(WriteSplit(model, layout, WritePlain)),
        };
    }

    /// <summary>Draws the image of the test.</summary>
    internal static byte[] Draw(DiffusionPipelineBuilder builder, string prompt = "a red star ab")
    {
        using DiffusionPipeline pipeline = builder.Build();
        return pipeline.Generate(new GenerationRequest { Prompt = prompt, Seed = 3, Steps = 2, Width = 32, Height = 32 })
            .Images[0].Image.Rgb.ToArray();
    }

    /// <summary>A path within the folder of all files.</summary>
    internal string this[string name] => _folder[name];

    /// <summary>Writes the networks into GGUF files, except CLIP and the autoencoder.</summary>
    /// <param name="model">Name of the model.</param>
    /// <param name="layout"><c>gguf</c> or <c>gguf-folder</c>.</param>
    /// <param name="matrices">Type of matrices.</param>
    internal ModelFiles WriteGguf(string model, string layout, GgufType matrices) => WriteSplit(
        model, layout, (path, tensors) => GgufWriter.Write(path, tensors, matrices), $"{layout} {matrices}", llamaCpp: true);

    /// <summary>Writes the networks into separate files.</summary>
    /// <param name="model">Name of the model.</param>
    /// <param name="layout">Whether the names are those of folders: it ends in <c>-folder</c>.</param>
    /// <param name="write">Writes transformer and text encoders.</param>
    /// <param name="folder">Name of the folder; null for that of the layout.</param>
    /// <param name="llamaCpp">Whether text encoders have the names of llama.cpp.</param>
    internal ModelFiles WriteSplit(
        string model, string layout, Action<string, Dictionary<string, Tensor>> write, string? folder = null, bool llamaCpp = false)
    {
        using DisposeScope scope = NewDisposeScope();
        using ModelComponents components = MakeComponents(model);
        Make(model);
        bool ofFolder = layout.EndsWith("-folder", StringComparison.Ordinal);
        string root = _folder[$"{model} {folder ?? layout}"];
        Directory.CreateDirectory(root);
        var transformer = components.Get<nn.Module>(ComponentNames.Transformer);
        var autoencoder = components.Get<nn.Module<Tensor, Tensor>>(ComponentNames.Autoencoder);
        return new ModelFiles
        {
            Transformer = Write("transformer", ofFolder ? transformer.state_dict() : PublishedNames.Original(transformer), write),
            TextEncoders =
            [
                .. from text in components.Networks.Reverse()
                   where text.Name.StartsWith(ComponentNames.TextEncoder, StringComparison.Ordinal)
                   select text.Network is ClipTextModel
                       ? Write(text.Name, text.Network.state_dict(), WritePlain)
                       : Write(text.Name, llamaCpp ? PublishedNames.LlamaCpp(text.Network) : text.Network.state_dict(), write),
            ],
            Autoencoder = Write(
                "ae", ofFolder ? autoencoder.state_dict() : PublishedNames.Original(autoencoder), WritePlain),
            Tokenizers = [_folder[model]],
        };

        string Write(string name, Dictionary<string, Tensor> tensors, Action<string, Dictionary<string, Tensor>> writer)
        {
            string path = Path.Combine(root, name);
            if (!File.Exists(path)) writer(path, tensors);
            return path;
        }
    }

    public void Dispose() => _folder.Dispose();

    /// <summary>The model, whose networks the caller disposes.</summary>
    internal ModelComponents MakeComponents(string model) => PublishedModel.Make(model, _folder[$"{model} tokenizers"]);

    private static void WritePlain(string path, Dictionary<string, Tensor> tensors) => SafetensorsWriter.Write(path, tensors);

    private void Make(string model)
    {
        if (File.Exists(Path.Combine(_folder[model], "model_index.json"))) return;
        using ModelComponents components = MakeComponents(model);
        DiffusersFolder.Write(components, _folder[model]);
    }

    /// <summary>A file with all networks, as other programs write it, with what they add.</summary>
    private string WriteFile(string model)
    {
        string path = _folder[$"{model}.safetensors"];
        if (File.Exists(path)) return path;
        using DisposeScope scope = NewDisposeScope();
        using ModelComponents components = MakeComponents(model);
        var tensors = new Dictionary<string, Tensor>();
        Add("model.diffusion_model.", PublishedNames.Original(components.Get<nn.Module>(ComponentNames.Transformer)));
        Add("vae.", PublishedNames.Original(components.Get<nn.Module<Tensor, Tensor>>(ComponentNames.Autoencoder)));
        foreach ((string name, nn.Module network) in components.Networks)
        {
            if (!name.StartsWith(ComponentNames.TextEncoder, StringComparison.Ordinal)) continue;
            string stored = network switch
            {
                T5EncoderModel => "t5xxl",
                Qwen3Model => "qwen3_4b",
                _ => name == ComponentNames.TextEncoder2 ? "clip_g" : "clip_l",
            };
            Add($"text_encoders.{stored}.transformer.", network.state_dict());
            tensors[$"text_encoders.{stored}.logit_scale"] = tensor(4.6f);
            if (network is T5EncoderModel t5)
                tensors[$"text_encoders.{stored}.transformer.encoder.embed_tokens.weight"] = t5.state_dict()["shared.weight"];
        }

        SafetensorsWriter.Write(path, tensors);
        return path;

        void Add(string prefix, Dictionary<string, Tensor> network)
        {
            foreach ((string name, Tensor value) in network) tensors.Add(prefix + name, value);
        }
    }
}
