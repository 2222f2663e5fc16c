using System.Text.Json.Nodes;
using LatentDiffusion.Tests.Checkpoints;
using LatentDiffusion.Tests.Diagnostics;
using LatentDiffusion.Tests.Reference;
using Xunit;

namespace LatentDiffusion.Tests.Models;

/// <summary>All forms of <c>model_index.json</c> in published folders.</summary>
public sealed class ModelIndexTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();
    private readonly LogRecorder _log = new();

    public static TheoryData<string> Published =>
    [
        .. ReferenceFiles.Read("published-configs.json").Select(c => c.Key)
            .Where(name => name.StartsWith("model-index", StringComparison.Ordinal)),
    ];

    [Theory, MemberData(nameof(Published))]
    public void Published_indices_are_read_or_name_what_is_not_known(string name)
    {
        JsonObject index = ReferenceFiles.Read("published-configs.json")[name]!.AsObject();
        bool xl = index.ContainsKey("text_encoder_2");
        Write(xl ? "xl" : "sd1", index);
        // The weights have a projection if the index says so.
        if ((string?)index["text_encoder"]![1] == "CLIPTextModelWithProjection") Project();
        if ((string?)index["unet"]![1] is not "UNet2DConditionModel" and { } other)
        {
            Assert.Contains(other, Assert.Throws<NotSupportedException>(() => Read()).Message, StringComparison.Ordinal);
            return;
        }

        using ModelComponents read = Read();
        Assert.Equal((string?)(index["_class_name"] is JsonArray named ? named[1] : index["_class_name"]), read.PipelineClass);
        Assert.Equal((bool?)index["force_zeros_for_empty_prompt"] ?? true, read.ForceZerosForEmptyPrompt);
    }

    [Theory]
    [InlineData("""{ "force_zeros_for_empty_prompt": null, "requires_aesthetics_score": null, "requires_safety_checker": null }""")]
    [InlineData("""{ "is_unet_version_less_0_9_0": true, "add_watermarker": null, "text_encoder_2": [null, null], "tokenizer_2": null }""")]
    [InlineData("""{ "_name_or_path": "a/b", "_diffusers_version": "0.99.0", "_commit_hash": null, "image_encoder": [null, null] }""")]
    [InlineData("""{ "tokenizer": ["transformers", "CLIPTokenizerFast"], "feature_extractor": ["transformers", "CLIPImageProcessor"] }""")]
    [InlineData(
        """{ "safety_checker": ["stable_diffusion", "StableDiffusionSafetyChecker"], "watermark": ["somewhere", "Watermarker"] }""")]
    [InlineData("""{ "scheduler": ["somewhere", "OtherScheduler"] }""")]
    public void Options_and_components_that_are_not_needed_are_passed_over(string more)
    {
        Write("sd1", JsonNode.Parse(more)!.AsObject());
        using ModelComponents read = Read();
        Assert.True(read.ForceZerosForEmptyPrompt);
        Assert.Equal(more.Contains("Watermarker"), _log.Lines.Any(line => line.Text.Contains("watermark", StringComparison.Ordinal)));
    }

    [Fact]
    public void A_scheduler_without_its_class_takes_the_one_of_the_index()
    {
        Write("sd1", new JsonObject { ["scheduler"] = new JsonArray("diffusers", "LMSDiscreteScheduler") });
        File.WriteAllText(
            Path.Combine(_folder["a"], "scheduler", "scheduler_config.json"),
            """
            {
              "beta_start": 0.00085, "beta_end": 0.012, "beta_schedule": "scaled_linear",
              "timestep_values": null, "tensor_format": "pt"
            }
            """);
        using ModelComponents read = Read();
        Assert.IsType<LmsScheduler>(NoiseScheduler.FromConfig(read.Scheduler));
    }

    [Fact]
    public void A_tiny_autoencoder_takes_the_place_of_the_large_one()
    {
        Write("sd1", new JsonObject { ["vae"] = new JsonArray("diffusers", "AutoencoderTiny") });
        string vae = Path.Combine(_folder["a"], "vae");
        var config = new AutoencoderTinyConfig
        {
            EncoderBlockOutChannels = [8, 8], DecoderBlockOutChannels = [8, 8], NumEncoderBlocks = [1, 1], NumDecoderBlocks = [1, 1],
        };
        using (AutoencoderTiny tiny = config.Build())
        {
            StateDict.Save(tiny, Path.Combine(vae, "diffusion_pytorch_model.safetensors"));
            File.WriteAllText(Path.Combine(vae, "config.json"), tiny.Config.ToJson());
        }

        using ModelComponents read = Read();
        Assert.IsType<AutoencoderTiny>(read.Autoencoder);
    }

    [Theory]
    [InlineData(
        """
        {
          "_class_name": "LDMTextToImagePipeline",
          "bert": ["latent_diffusion", "LDMBertModel"], "vqvae": ["diffusers", "AutoencoderKL"], "vae": null
        }
        """,
        "LDMTextToImagePipeline")]
    [InlineData(
        """{ "_class_name": "QwenImagePipeline", "transformer": ["diffusers", "QwenImageTransformer2DModel"], "unet": null }""",
        "QwenImagePipeline")]
    [InlineData("""{ "unet": ["diffusers", "UNet3DConditionModel"] }""", "UNet3DConditionModel")]
    [InlineData("""{ "vae": ["diffusers", "AsymmetricAutoencoderKL"] }""", "AsymmetricAutoencoderKL")]
    [InlineData("""{ "text_encoder": ["transformers", "T5EncoderModel"] }""", "T5EncoderModel")]
    [InlineData("""{ "requires_aesthetics_score": "yes" }""", "requires_aesthetics_score")]
    [InlineData("""{ "unet": [1, 2] }""", "unet")]
    public void Models_of_another_kind_are_refused_by_name(string more, string named)
    {
        Write("sd1", JsonNode.Parse(more)!.AsObject());
        Exception error = Assert.ThrowsAny<Exception>(() => DiffusionModel.FromComponents(Read()).Dispose());
        Assert.True(error is NotSupportedException or InvalidDataException, error.ToString());
        Assert.Contains(named, error.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("unet/config.json")]
    [InlineData("vae/config.json")]
    [InlineData("text_encoder/config.json")]
    [InlineData("tokenizer/tokenizer_config.json")]
    [InlineData("tokenizer/special_tokens_map.json")]
    [InlineData("tokenizer/vocab.json")]
    [InlineData("scheduler/scheduler_config.json")]
    [InlineData("model_index.json")]
    public void Files_that_are_not_such_json_are_invalid_data(string file)
    {
        Write("sd1", []);
        string path = Path.Combine(_folder["a"], file), before = File.ReadAllText(path);
        string[] contents =
        [
            "", "{", "[]", "7", "{\"a\":1,\"a\":2}", "{\"\\udc00\":1}", "{\"act_fn\":\"\\ud800\",\"_class_name\":\"\\ud800\"}",
            before + "}", new string('[', 100_000), before.Insert(1, $"\"{new string('k', 100_000)}\" 1,"),
        ];
        foreach (string content in contents)
        {
            File.WriteAllText(path, content);
            var error = Assert.Throws<InvalidDataException>(() => Read().Dispose());
            Assert.True(error.Message.Length < 1500, error.Message);
        }
    }

    public void Dispose() => _folder.Dispose();

    private ModelComponents Read() => DiffusersFolder.Read(_folder["a"], new CheckpointOptions { Logger = _log.CreateLogger("a") });

    private void Write(string family, JsonObject more)
    {
        using ModelComponents made = TinyModels.Make(family);
        DiffusersFolder.Write(made, _folder["a"]);
        string path = Path.Combine(_folder["a"], "model_index.json");
        JsonObject index = JsonNode.Parse(File.ReadAllText(path))!.AsObject();
        foreach ((string key, JsonNode? value) in more) index[key] = value?.DeepClone();
        File.WriteAllText(path, index.ToJsonString());
    }

    private void Project()
    {
        string text = Path.Combine(_folder["a"], "text_encoder");
        using ClipTextModel model = ClipTextConfig.FromJson(File.ReadAllText(Path.Combine(text, "config.json"))).Build(projection: true);
        StateDict.Save(model, Path.Combine(text, "model.safetensors"));
    }
}
