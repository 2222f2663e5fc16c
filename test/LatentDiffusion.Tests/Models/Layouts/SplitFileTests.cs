using System.Text.Json;
using LatentDiffusion.Tests.Checkpoints;
using LatentDiffusion.Tests.Families;
using LatentDiffusion.Tests.Tokenization;
using TorchSharp;
using Xunit;
using static TorchSharp.torch;

namespace LatentDiffusion.Tests.Models;

/// <summary>Separate files that do not fit together are refused by name, and what they lack is said.</summary>
public sealed class SplitFileTests(LayoutFiles files) : IClassFixture<LayoutFiles>, IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    private ModelFiles Flux => field ??= files.WriteSplit("flux-schnell", "split", Write);

    private string Clip => Flux.TextEncoders[1];

    private string T5 => Flux.TextEncoders[0];

    private string Qwen3 => files.WriteSplit("z-image-turbo", "split", Write).TextEncoders[0];

    [Fact]
    public void Text_encoders_and_tokenizers_have_any_order()
    {
        string[] tokenizers = [.. ((string[])["tokenizer", "tokenizer_2"]).Select(name => Path.Combine(files["flux-schnell"], name))];
        ModelFiles reordered = Flux with { TextEncoders = [Clip, T5], Tokenizers = [tokenizers[1], tokenizers[0]] };
        Assert.Equal(files.ImageOf("flux-schnell"), Draw(reordered));
    }

    [Fact]
    public void Tokenizers_may_be_files()
    {
        string clip = Path.Combine(files["flux-schnell"], "tokenizer", "vocab.json");
        File.WriteAllBytes(_folder["t5.model"], TinyTokenizers.SentencePiece);
        Assert.Equal(files.ImageOf("flux-schnell"), Draw(Flux with { Tokenizers = [_folder["t5.model"], clip] }));
        File.WriteAllText(_folder["t5.json"], TinyTokenizers.Unigram);
        Assert.Equal(files.ImageOf("flux-schnell"), Draw(Flux with { Tokenizers = [_folder["t5.json"], clip] }));
        File.WriteAllText(_folder["qwen.json"], TinyTokenizers.ByteLevel);
        ModelFiles image = files.WriteSplit("z-image-turbo", "split", Write);
        Assert.Equal(files.ImageOf("z-image-turbo"), Draw(image with { Tokenizers = [_folder["qwen.json"]] }));
    }

    [Fact]
    public void Tokenizers_are_found_next_to_the_files()
    {
        foreach (string path in (string[])[Flux.Transformer, Clip, T5, Flux.Autoencoder!])
            File.Copy(path, _folder[Path.GetFileName(path)]);
        Directory.CreateDirectory(_folder["tokenizer_t5"]);
        File.WriteAllText(Path.Combine(_folder["tokenizer_t5"], "tokenizer.json"), TinyTokenizers.Unigram);
        TinyModels.Vocabulary.Save(_folder["tokenizer_clip"]);
        Assert.Equal(files.ImageOf("flux-schnell"), Draw(new ModelFiles
        {
            Transformer = _folder[Path.GetFileName(Flux.Transformer)], Autoencoder = _folder[Path.GetFileName(Flux.Autoencoder!)],
            TextEncoders = [_folder[Path.GetFileName(T5)], _folder[Path.GetFileName(Clip)]],
        }));
    }

    [Fact]
    public void A_file_of_all_networks_may_have_a_part_replaced()
    {
        using DisposeScope scope = NewDisposeScope();
        using ModelComponents model = files.MakeComponents("flux-schnell");
        var transformer = PublishedNames.Original(model.Get<nn.Module>(ComponentNames.Transformer));
        SafetensorsWriter.Write(_folder["all.safetensors"], transformer.ToDictionary(t => "model.diffusion_model." + t.Key, t => t.Value)
            .Append(KeyValuePair.Create("vae.decoder.conv_in.weight", zeros(1))).ToDictionary());
        Assert.Equal(files.ImageOf("flux-schnell"), Draw(Flux with { Transformer = _folder["all.safetensors"] }));
    }

    [Fact]
    public void Files_of_a_model_folder_go_with_another_transformer()
    {
        // Writes the model's folder too.
        string? transformer = files.WriteGguf("flux-schnell", "gguf", GgufType.F32).Transformer;
        string folder = files["flux-schnell"], text = Path.Combine(folder, "text_encoder_2", "model.safetensors");
        using (ITensorSource source = Checkpoint.Open(text)) WriteShards(source, _folder["shards"]);
        ModelFiles mixed = new()
        {
            Transformer = transformer,
            TextEncoders =
            [
                Path.Combine(_folder["shards"], "model.safetensors.index.json"),
                Path.Combine(folder, "text_encoder", "model.safetensors"),
            ],
            Autoencoder = Path.Combine(folder, "vae", "diffusion_pytorch_model.safetensors"), Tokenizers = [folder],
        };
        Assert.Equal(files.ImageOf("flux-schnell"), Draw(mixed));
    }

    [Fact]
    public void A_model_of_separate_files_is_written_as_a_folder()
    {
        using (DiffusionModel model = DiffusionModel.OpenFiles(files.WriteGguf("flux-schnell", "gguf", GgufType.F32), CPU))
            model.Save(_folder["saved"]);
        DiffusionPipelineBuilder saved = new DiffusionPipelineBuilder().UseDevice(CPU).UseModelFolder(_folder["saved"]);
        Assert.Equal(files.ImageOf("flux-schnell"), LayoutFiles.Draw(saved));
    }

    [Fact]
    public void What_other_programs_store_next_to_the_weights_is_left_out()
    {
        using ITensorSource source = Checkpoint.Open(Clip);
        using DisposeScope scope = NewDisposeScope();
        Dictionary<string, Tensor> tensors = source.Entries.ToDictionary(entry => entry.Name, entry => source.Read(entry.Name));
        tensors.Add("logit_scale", tensor(4.6f));
        tensors.Add("text_projection.weight", eye(64));
        tensors.Add("text_model.embeddings.position_ids", arange(16).unsqueeze(0));
        SafetensorsWriter.Write(_folder["clip"], tensors);
        Assert.Equal(files.ImageOf("flux-schnell"), Draw(Flux with { TextEncoders = [_folder["clip"], T5] }));
    }

    [Fact]
    public void A_transformer_alone_takes_the_rest_from_the_builder()
    {
        ModelFiles alone = new() { Transformer = Flux.Transformer };
        var error = Assert.Throws<InvalidOperationException>(() => Draw(alone));
        Assert.Contains("UseModelFiles", error.Message, StringComparison.Ordinal);
        using DiffusionModel model = DiffusionModel.OpenFiles(alone, CPU);
        using LatentAutoencoder autoencoder = LatentAutoencoder.Open(Flux.Autoencoder!, CPU);
        using DiffusionPipeline pipeline = new DiffusionPipelineBuilder().UseModel(_ => model).UseAutoencoder(autoencoder)
            .UseTextEncoder(new TextOfRequests(new TextShape(5, 64, 64))).Build();
        Assert.Equal("FLUX.1", model.Components!.Family.Name);
    }

    [Fact]
    public void A_file_in_the_place_of_another_is_refused_by_what_it_holds()
    {
        Refused(Flux with { Transformer = T5 }, T5, "it holds a T5 text encoder; expected a transformer");
        Refused(Flux with { Autoencoder = Clip }, Clip, "it holds a CLIP text encoder; expected an autoencoder");
        Refused(Flux with { Autoencoder = Flux.Transformer }, Flux.Transformer, "it holds another network; expected an autoencoder");
        Refused(
            Flux with { TextEncoders = [Clip, Flux.Autoencoder!] }, Flux.Autoencoder!,
            "it holds an autoencoder; expected a CLIP text encoder, a T5 text encoder, for a FLUX.1 model");
        Refused(Flux with { TextEncoders = [Clip, Qwen3] }, Qwen3, "it holds a Qwen3 text encoder; expected a CLIP text encoder");
        Refused(Flux with { TextEncoders = [Clip, T5, T5] }, T5, "a FLUX.1 model does not read another");
        Refused(
            Flux with { TextEncoders = [T5] }, Flux.Transformer,
            $"a FLUX.1 model reads a CLIP text encoder, a T5 text encoder; only {T5} is given");
    }

    [Fact]
    public void A_model_that_needs_one_file_is_refused()
    {
        SafetensorsWriter.Write(
            _folder["unet.safetensors"], new Dictionary<string, Tensor> { ["model.diffusion_model.input_blocks.0.0.weight"] = zeros(1) });
        ModelFiles given = new() { Transformer = _folder["unet.safetensors"] };
        var error = Assert.Throws<NotSupportedException>(() => DiffusionModel.OpenFiles(given));
        Assert.Contains("a Stable Diffusion model, which is not read from separate files", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void What_is_missing_is_named()
    {
        Missing(Flux with { Transformer = _folder["nowhere"] }, "of Transformer");
        Missing(Flux with { TextEncoders = [_folder["nowhere"]] }, "of TextEncoders");
        Missing(Flux with { Autoencoder = _folder["nowhere"] }, "of Autoencoder");
        Missing(Flux with { Tokenizers = [_folder["nowhere"]] }, $"The tokenizer '{_folder["nowhere"]}' does not exist.");
        string clip = Path.Combine(files["flux-schnell"], "tokenizer");
        Missing(Flux with { Tokenizers = [clip] }, $"{clip} has only the tokenizer of CLIP. Name a folder with T5's spiece.model");
        Missing(Flux with { Tokenizers = [] }, "has no tokenizer. Name a folder with CLIP's vocab.json and merges.txt");

        static void Missing(ModelFiles given, string message) => Assert.Contains(
            message, Assert.Throws<FileNotFoundException>(() => DiffusionModel.OpenFiles(given, CPU)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Tensors_that_do_not_fit_are_named_as_their_file_names_them()
    {
        using ITensorSource source = Checkpoint.Open(T5);
        using DisposeScope scope = NewDisposeScope();
        Dictionary<string, Tensor> tensors = source.Entries.ToDictionary(entry => entry.Name, entry => source.Read(entry.Name));
        tensors.Add("encoder.extra.weight", zeros(2));
        SafetensorsWriter.Write(_folder["t5"], tensors);
        ModelFiles more = Flux with { TextEncoders = [Clip, _folder["t5"]] };
        var error = Assert.Throws<CheckpointException>(() => DiffusionModel.OpenFiles(more, CPU));
        Assert.Equal((_folder["t5"], "encoder.extra.weight"), (error.File, Assert.Single(error.Unexpected)));
        var options = new SingleFileOptions { IgnoredTensors = ["encoder.extra.*"] };
        DiffusionModel.OpenFiles(more with { Options = options }, CPU).Dispose();

        tensors.Remove("encoder.extra.weight");
        tensors.Remove("encoder.final_layer_norm.weight");
        SafetensorsWriter.Write(_folder["t5"], tensors);
        error = Assert.Throws<CheckpointException>(() => DiffusionModel.OpenFiles(more, CPU));
        Assert.Equal((_folder["t5"], "encoder.final_layer_norm.weight"), (error.File, Assert.Single(error.Missing)));
    }

    [Fact]
    public void Weights_stay_as_stored_wherever_a_model_is_opened()
    {
        ModelFiles stored = files.WriteGguf("flux-schnell", "gguf", GgufType.Q8_0);
        string[] networks = [ComponentNames.Transformer, ComponentNames.TextEncoder2];
        using (DiffusionModel expanded = DiffusionModel.OpenFiles(stored, CPU))
            Assert.All(networks, name => Assert.False(IsStored(expanded, name)));
        using (DiffusionModel kept = DiffusionModel.OpenFiles(stored, CPU, storage: WeightStorage.AsStored))
            Assert.All(networks, name => Assert.True(IsStored(kept, name)));
        using (DiffusionModel file = DiffusionModel.OpenFile(stored.Transformer, device: CPU, storage: WeightStorage.AsStored))
            Assert.True(IsStored(file, ComponentNames.Transformer));

        using (ModelComponents model = files.MakeComponents("flux-schnell"))
            DiffusersFolder.Write(model, _folder["half"], ScalarType.BFloat16);
        using DiffusionModel folder = DiffusionModel.Open(_folder["half"], CPU, storage: WeightStorage.AsStored);
        Assert.All(networks, name => Assert.True(IsStored(folder, name)));

        static bool IsStored(DiffusionModel model, string component) => StoredLayers.Any(model.Components!.Get<nn.Module>(component));
    }

    private static void WriteShards(ITensorSource source, string folder)
    {
        Directory.CreateDirectory(folder);
        using DisposeScope scope = NewDisposeScope();
        var map = new Dictionary<string, string>();
        foreach ((int index, TensorEntry[] part) in source.Entries.Chunk(5).Index())
        {
            string shard = $"model-{index}.safetensors";
            SafetensorsWriter.Write(Path.Combine(folder, shard), part.ToDictionary(entry => entry.Name, entry => source.Read(entry.Name)));
            foreach (TensorEntry entry in part) map.Add(entry.Name, shard);
        }

        File.WriteAllText(
            Path.Combine(folder, "model.safetensors.index.json"), JsonSerializer.Serialize(new { metadata = new { }, weight_map = map }));
    }

    private static void Write(string path, Dictionary<string, Tensor> tensors) => SafetensorsWriter.Write(path, tensors);

    private static byte[] Draw(ModelFiles given) => LayoutFiles.Draw(new DiffusionPipelineBuilder().UseDevice(CPU).UseModelFiles(given));

    private static void Refused(ModelFiles given, string path, string message)
    {
        var error = Assert.Throws<CheckpointException>(() => DiffusionModel.OpenFiles(given, CPU));
        Assert.Equal(path, error.File);
        Assert.Contains(message, error.Message, StringComparison.Ordinal);
    }
}
