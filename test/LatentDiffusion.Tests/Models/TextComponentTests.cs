using LatentDiffusion.Tests.Prompting;
using TorchSharp;
using Xunit;
using static TorchSharp.torch;

namespace LatentDiffusion.Tests.Families;

/// <summary>Text encoders and tokenizers of transformers are read from folders and written to them.</summary>
public sealed class TextComponentTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void Components_of_a_folder_are_read_and_written()
    {
        WriteModel();
        using ModelComponents read = Read(new Family(depth: null));
        Assert.IsType<T5EncoderModel>(read[ComponentNames.TextEncoder]);
        Assert.Equal(3, read.Get<Qwen3Model>(ComponentNames.TextEncoder2).Depth);
        Assert.Equal([4, 5, 1], read.Get<TextTokenizerFiles>(ComponentNames.Tokenizer).Build().Encode("a red"));
        Assert.Equal([64, 258], read.Get<TextTokenizerFiles>(ComponentNames.Tokenizer2).Build().Encode("a red"));
        DiffusersFolder.Write(read, _folder["copy"]);
        using ModelComponents copy = DiffusersFolder.Read(_folder["copy"], new CheckpointOptions { Families = [new Family(depth: null)] });
        Assert.Equal(read.Names, copy.Names);
        AssertSame((nn.Module)read[ComponentNames.TextEncoder]!, (nn.Module)copy[ComponentNames.TextEncoder]!);
        AssertSame((nn.Module)read[ComponentNames.TextEncoder2]!, (nn.Module)copy[ComponentNames.TextEncoder2]!);
    }

    [Fact]
    public void Layers_that_a_family_does_not_read_are_not_loaded()
    {
        WriteModel();
        using ModelComponents read = Read(new Family(depth: 2));
        var network = read.Get<Qwen3Model>(ComponentNames.TextEncoder2);
        Assert.Equal(2, network.Depth);
        Assert.DoesNotContain(network.state_dict().Keys, name => name.Contains("layers.2.") || name == "model.norm.weight");
        Assert.Throws<NotSupportedException>(() => DiffusersFolder.WriteNetwork(network, _folder["part"]));
        DiffusersFolder.Write(read, _folder["copy"]);
        using ModelComponents copy = DiffusersFolder.Read(_folder["copy"], new CheckpointOptions { Families = [new Family(depth: null)] });
        Assert.Equal(3, copy.Get<Qwen3Model>(ComponentNames.TextEncoder2).Depth);
    }

    [Fact]
    public void Tensors_of_decoders_and_heads_are_left_out()
    {
        using T5EncoderModel t5 = TinyTextEncoders.T5Config.Build();
        using Qwen3Model qwen3 = TinyTextEncoders.Qwen3Config.Build();
        DiffusersFolder.WriteNetwork(t5, _folder["t5"]);
        DiffusersFolder.WriteNetwork(qwen3, _folder["qwen3"]);
        using DisposeScope scope = NewDisposeScope();
        var stored = new Dictionary<string, Tensor>(t5.state_dict()) { ["decoder.a.weight"] = ones(2), ["lm_head.weight"] = ones(2) };
        stored["encoder.embed_tokens.weight"] = stored["shared.weight"];
        SafetensorsWriter.Write(Path.Combine(_folder["t5"], "model.safetensors"), stored);
        using (var read = DiffusersFolder.ReadNetwork<T5EncoderModel>(_folder["t5"])) AssertSame(t5, read);
        stored.Remove("shared.weight");
        SafetensorsWriter.Write(Path.Combine(_folder["t5"], "model.safetensors"), stored);
        using (var read = DiffusersFolder.ReadNetwork<T5EncoderModel>(_folder["t5"])) AssertSame(t5, read);

        Dictionary<string, Tensor> bare = qwen3.state_dict().ToDictionary(entry => entry.Key["model.".Length..], entry => entry.Value);
        bare["lm_head.weight"] = ones(2);
        SafetensorsWriter.Write(Path.Combine(_folder["qwen3"], "model.safetensors"), bare);
        using (var read = DiffusersFolder.ReadNetwork<Qwen3Model>(_folder["qwen3"])) AssertSame(qwen3, read);
        bare["layers.9.mlp.up_proj.weight"] = ones(2);
        SafetensorsWriter.Write(Path.Combine(_folder["qwen3"], "model.safetensors"), bare);
        Assert.Throws<CheckpointException>(() => DiffusersFolder.ReadNetwork<Qwen3Model>(_folder["qwen3"]));
    }

    private static void AssertSame(nn.Module one, nn.Module other)
    {
        IReadOnlyDictionary<string, Tensor> weights = other.state_dict();
        Assert.Equal(one.state_dict().Keys.Order(), weights.Keys.Order());
        foreach ((string name, Tensor weight) in one.state_dict())
            Assert.Equal(weight.data<float>().ToArray(), weights[name].data<float>().ToArray());
    }

    private ModelComponents Read(ModelFamily family) =>
        DiffusersFolder.Read(_folder["model"], new CheckpointOptions { Families = [family] });

    private void WriteModel()
    {
        using T5EncoderModel t5 = TinyTextEncoders.T5Config.Build();
        using Qwen3Model qwen3 = TinyTextEncoders.Qwen3Config.Build();
        TinyTextEncoders.WriteT5(_folder["t5"]);
        TinyTextEncoders.WriteQwen3(_folder["qwen3"]);
        var made = new ModelComponents(new Family(depth: null), "TextPipeline", SchedulerConfig.Empty.WithClass("DDIMScheduler"))
        {
            [ComponentNames.TextEncoder] = t5, [ComponentNames.TextEncoder2] = qwen3,
            [ComponentNames.Tokenizer] = TextTokenizerFiles.Open(_folder["t5"]),
            [ComponentNames.Tokenizer2] = TextTokenizerFiles.Open(_folder["qwen3"]),
        };
        DiffusersFolder.Write(made, _folder["model"]);
        string index = File.ReadAllText(Path.Combine(_folder["model"], "model_index.json"));
        foreach (string className in (string[])["T5EncoderModel", "Qwen3ForCausalLM", "T5TokenizerFast", "Qwen2TokenizerFast"])
            Assert.Contains($"\"{className}\"", index, StringComparison.Ordinal);
    }

    private sealed class Family(int? depth) : ModelFamily
    {
        public override string Name => "Texts";

        public override IReadOnlyList<string> PipelineClasses { get; } = ["TextPipeline"];

        public override IReadOnlyList<ComponentDescription> Components { get; } =
        [
            new(ComponentNames.TextEncoder, typeof(T5EncoderModel)), new(ComponentNames.TextEncoder2, typeof(Qwen3Model)),
            new(ComponentNames.Tokenizer, typeof(TextTokenizerFiles)), new(ComponentNames.Tokenizer2, typeof(TextTokenizerFiles)),
        ];

        public override IReadOnlyList<ComponentType> ComponentTypes =>
            depth is { } layers ? [SharedComponentTypes.Qwen3(_ => layers)] : [];

        public override DiffusionModel CreateModel(ModelComponents components, Device device) => throw new NotSupportedException();
    }
}
