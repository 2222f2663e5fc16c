using System.Text.Json.Nodes;
using LatentDiffusion.Tests.Reference;
using TorchSharp;
using Xunit;
using static TorchSharp.torch;

namespace LatentDiffusion.Tests.Families;

/// <summary>
/// The text encoder of FLUX.2 dev, by its published names, shapes and message. Figures of a reference implementation do not exist for it;
/// its layers are those of Qwen3, which has some, without normalised queries and keys.
/// </summary>
public sealed class MistralTextTests : IDisposable
{
    private const int Width = 8, Layers = 31, Vocabulary = 300;

    private const string Config = """
        {
          "architectures": ["Mistral3ForConditionalGeneration"], "dtype": "bfloat16", "image_token_index": 10, "model_type": "mistral3",
          "multimodal_projector_bias": false, "projector_hidden_act": "gelu", "spatial_merge_size": 2,
          "text_config": {
            "attention_dropout": 0.0, "dtype": "bfloat16", "head_dim": 4, "hidden_act": "silu", "hidden_size": 8,
            "initializer_range": 0.02, "intermediate_size": 16, "max_position_embeddings": 131072, "model_type": "mistral",
            "num_attention_heads": 4, "num_hidden_layers": 31, "num_key_value_heads": 2, "rms_norm_eps": 1e-05,
            "rope_theta": 1000000000.0, "sliding_window": null, "use_cache": true, "vocab_size": 300
          },
          "vision_config": { "model_type": "pixtral", "hidden_size": 4 }, "vision_feature_layer": -1
        }
        """;

    private readonly TemporaryFolder _folder = new();
    private readonly DisposeScope _scope = NewDisposeScope();

    [Fact]
    public void The_published_configuration_has_the_published_shapes()
    {
        JsonObject published = JsonNode.Parse(Config)!.AsObject();
        JsonObject text = published["text_config"]!.AsObject();
        (text["hidden_size"], text["head_dim"], text["intermediate_size"]) = (5120, 128, 32768);
        (text["num_attention_heads"], text["num_key_value_heads"], text["num_hidden_layers"]) = (32, 8, 40);
        text["vocab_size"] = 131072;
        Qwen3Config config = MistralConfig.FromJson(published.ToJsonString());
        using Qwen3Model network = config.BuildUninitialized(Flux2Text.Dev.LayersOf(config).Max(), META);
        Dictionary<string, Tensor> state = network.state_dict();
        // The embeddings, and of each of 30 layers seven projections and two normalisations.
        Assert.Equal(1 + 30 * 9, state.Count);
        Assert.Equal([131072, 5120], state["model.embed_tokens.weight"].shape);
        Assert.Equal([4096, 5120], state["model.layers.29.self_attn.q_proj.weight"].shape);
        Assert.Equal([1024, 5120], state["model.layers.0.self_attn.v_proj.weight"].shape);
        Assert.Equal([5120, 4096], state["model.layers.0.self_attn.o_proj.weight"].shape);
        Assert.Equal([32768, 5120], state["model.layers.0.mlp.gate_proj.weight"].shape);
        Assert.DoesNotContain(state.Keys, name => name.Contains("q_norm", StringComparison.Ordinal));
        Assert.Equal((1e9, 1e-5), (config.Theta, config.RmsNormEps));
        // What the transformer of FLUX.2 dev reads, which has 32 billion parameters.
        using Flux2Transformer2DModel transformer = Flux2TransformerConfig.FromJson("{}").BuildUninitialized(META);
        Assert.Equal(3 * config.HiddenSize, transformer.Config.JointAttentionDim);
        Assert.InRange(transformer.parameters().Sum(p => p.numel()), 32_000_000_000, 33_000_000_000);
    }

    [Fact]
    public void The_message_is_the_published_one()
    {
        Assert.Equal(
            "<s>[SYSTEM_PROMPT]You are an AI that reasons about image descriptions. You give structured responses focusing on object "
            + "relationships, object\nattribution and actions without speculation.[/SYSTEM_PROMPT][INST]a  cat[/INST]",
            ChatTemplate.Mistral3.Render("a [IMG] cat"));
    }

    [Theory]
    [InlineData("""{ "sliding_window": 512 }""", "sliding_window is 512")]
    [InlineData("""{ "text_config": 3 }""", "text_config is not an object")]
    [InlineData("""{ "head_dim": 3 }""", "The configuration of Mistral cannot be read: 2 is")]
    [InlineData("""{ "num_attention_heads": 3 }""", "The configuration of Mistral cannot be read: num_key_value_heads")]
    [InlineData("[]", "not a JSON object")]
    [InlineData("""{ "vocab_size": 3, "vocab_size": 4 }""", "vocab_size")]
    public void Impossible_configurations_are_refused(string json, string message)
    {
        Exception? error = Record.Exception(() => MistralConfig.FromJson(json));
        Assert.True(error is InvalidDataException or NotSupportedException, $"{error}");
        Assert.Contains(message, error!.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Absent_options_are_those_of_the_transformers_library()
    {
        Qwen3Config config = MistralConfig.FromJson("""{ "model_type": "mistral", "sliding_window": 4096 }""");
        Assert.Equal(
            (32000, 4096, 14336, 32, 32, 8, 128, 10000),
            (config.VocabSize, config.HiddenSize, config.IntermediateSize, config.NumHiddenLayers, config.NumAttentionHeads,
                config.NumKeyValueHeads, config.HeadDim, config.Theta));
        Assert.False(config.NormalizesQueriesAndKeys);
    }

    [Theory]
    [InlineData("language_model.model.")]
    [InlineData("model.language_model.")]
    [InlineData("model.")]
    public void A_folder_of_dev_draws_with_it(string root)
    {
        WriteModel(root);
        using DiffusionPipeline pipeline = new DiffusionPipelineBuilder().UseModelFolder(_folder["model"]).UseDevice(CPU).Build();
        var request = new GenerationRequest { Prompt = "a red star", Seed = 1, Steps = 2, Width = 32, Height = 32 };
        byte[] image = Draw(request);
        Assert.NotEqual(image, Draw(request with { Prompt = "a star" }));
        Assert.NotEqual(image, Draw(request with { GuidanceScale = 2 }));
        Assert.Equal((4, 50), (pipeline.Model!.GuidanceScale!.Value, pipeline.Model.Steps!.Value));
        Assert.Equal(30, pipeline.Model.Components!.Get<Qwen3Model>(ComponentNames.TextEncoder).Depth);

        byte[] Draw(GenerationRequest asked) => pipeline.Generate(asked).Images[0].Image.Rgb.ToArray();
    }

    [Fact]
    public void Three_layers_are_side_by_side_and_padding_is_on_the_left()
    {
        WriteModel("language_model.model.");
        using DiffusionModel model = DiffusionModel.Open(_folder["model"], CPU);
        using Conditioning text = model.TextEncoder.Encode(["a red star"]);
        Assert.Null(text.Mask);
        Assert.Equal([1, 512, 3 * Width], text.HiddenStates.shape);

        // Evaluated without padding: where nothing attends to padding, and rotations are relative, it changes no token.
        var network = model.Components!.Get<Qwen3Model>(ComponentNames.TextEncoder);
        TextTokenizer tokenizer = model.Components.Get<TextTokenizerFiles>(ComponentNames.Tokenizer).Build();
        Assert.True(tokenizer.PadsLeft);
        int[] ids = [.. tokenizer.Tokenize(ChatTemplate.Mistral3.Render("a red star"))];
        Assert.Equal(263, ids[0]);
        Assert.Equal(267, ids[^1]);
        Assert.Equal(1, ids.Count(id => id == 263));
        Tensor alone = cat([.. network.HiddenStates(tensor(ids.Select(id => (long)id).ToArray(), [1, ids.Length]), null, 10, 20, 30)], -1);
        Tensor tokens = text.HiddenStates.narrow(1, 512 - ids.Length, ids.Length);
        Assert.True(tokens.allclose(alone, rtol: 1e-3, atol: 1e-4));
    }

    [Fact]
    public void It_is_written_from_its_folder_only()
    {
        WriteModel("language_model.model.");
        using (ModelComponents read = DiffusersFolder.Read(_folder["model"])) DiffusersFolder.Write(read, _folder["copy"]);
        using ModelComponents copy = DiffusersFolder.Read(_folder["copy"]);
        Assert.Equal(30, copy.Get<Qwen3Model>(ComponentNames.TextEncoder).Depth);
        Assert.Throws<NotSupportedException>(
            () => DiffusersFolder.WriteNetwork(copy.Get<Qwen3Model>(ComponentNames.TextEncoder), _folder["network"]));
    }

    public void Dispose()
    {
        _scope.Dispose();
        _folder.Dispose();
    }

    /// <summary>A folder of FLUX.2 dev with a small text encoder under names that begin with a root.</summary>
    private void WriteModel(string root)
    {
        using (ModelComponents made = TinyTransformers.CreateDev(3 * Width)) DiffusersFolder.Write(made, _folder["model"]);
        string index = Path.Combine(_folder["model"], "model_index.json");
        JsonObject entries = JsonNode.Parse(File.ReadAllText(index))!.AsObject();
        entries["text_encoder"] = new JsonArray("transformers", "Mistral3ForConditionalGeneration");
        entries["tokenizer"] = new JsonArray("transformers", "PixtralProcessor");
        File.WriteAllText(index, entries.ToJsonString());

        string encoder = Path.Combine(_folder["model"], "text_encoder");
        Directory.CreateDirectory(encoder);
        File.WriteAllText(Path.Combine(encoder, "config.json"), Config);
        using Qwen3Model network = MistralConfig.FromJson(Config).Build();
        FormulaWeights.Fill(network);
        Assert.Equal(Layers, network.Depth);
        string head = root == "language_model.model." ? "language_model.lm_head.weight" : "lm_head.weight";
        SafetensorsWriter.Write(
            Path.Combine(encoder, "model.safetensors"),
            [
                .. network.state_dict().Select(t => (root + t.Key["model.".Length..], t.Value)),
                (head, ones(Vocabulary, Width)),
                ("vision_tower.patch_conv.weight", ones(4, 3, 2, 2)), ("multi_modal_projector.norm.weight", ones(4)),
            ]);

        string tokenizer = Path.Combine(_folder["model"], "tokenizer");
        Directory.CreateDirectory(tokenizer);
        File.WriteAllText(Path.Combine(tokenizer, "tokenizer.json"), Tokenization.TinyTokenizers.Mistral);
        File.WriteAllText(
            Path.Combine(tokenizer, "tokenizer_config.json"), """{ "tokenizer_class": "LlamaTokenizerFast", "pad_token": "<pad>" }""");
    }
}
