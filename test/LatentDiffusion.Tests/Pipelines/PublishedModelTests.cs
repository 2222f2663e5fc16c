using System.Text.Json.Nodes;
using LatentDiffusion.Tests.Diagnostics;
using Microsoft.Extensions.Logging;
using Xunit;
using static TorchSharp.torch;

namespace LatentDiffusion.Tests.Pipelines;

/// <summary>The README's examples, with folders that have the published options.</summary>
public sealed class PublishedModelTests(PublishedFolders folders) : IClassFixture<PublishedFolders>, IDisposable
{
    private readonly TemporaryFolder _folder = new();
    private readonly LogRecorder _log = new();

    public static TheoryData<string> TextToImage =>
        [.. PublishedFolders.Names.Where(name => !name.Contains("inpainting") && !name.Contains("refiner"))];

    [Theory, MemberData(nameof(TextToImage))]
    public void Every_published_model_draws_from_its_folder(string model)
    {
        using DiffusionPipeline pipeline = Builder().UseModelFolder(folders[model]).Build();
        GeneratedImage image = Assert.Single(pipeline.Generate(new GenerationRequest { Prompt = "ab a", Seed = 1, Steps = 2 }).Images);
        Assert.Equal((64, 64), (image.Image.Width, image.Image.Height));
        Assert.True(image.Image.Rgb.ToArray().Distinct().Count() > 10);
    }

    [Fact]
    public void XL_draws_as_the_readme_says()
    {
        string lora = _folder["style.safetensors"];
        const string Layer = "unet.down_blocks.1.attentions.0.transformer_blocks.0.attn1.to_q";
        using (Tensor down = full([2, 64], 0.1f), up = full([64, 2], 0.5f))
            SafetensorsWriter.Write(lora, [($"{Layer}.lora_A.weight", down), ($"{Layer}.lora_B.weight", up)], null, null);

        using DiffusionPipeline plain = Builder().UseModelFolder(folders["stable-diffusion-xl-base-1.0", "fp16"], variant: "fp16").Build();
        ModelComponents parts = plain.Model!.Components!;
        string embedding = _folder["cat-toy.safetensors"];
        using (Tensor first = ones(1, parts.TextEncoder!.Config.HiddenSize), second = ones(1, parts.TextEncoder2!.Config.HiddenSize))
            SafetensorsWriter.Write(embedding, [("clip_l", first), ("clip_g", second)], null, null);

        using DiffusionPipeline pipeline = Builder()
            .UseModelFolder(folders["stable-diffusion-xl-base-1.0", "fp16"], variant: "fp16")
            .UseLora(lora, 0.8)
            .UseTextualInversion(embedding, "<cat-toy>")
            .Build();
        var request = new GenerationRequest { Prompt = "ab", Seed = 1, Steps = 2 };
        byte[] drawn = pipeline.Generate(request).Images[0].Image.Rgb.ToArray();
        Assert.NotEqual(plain.Generate(request).Images[0].Image.Rgb.ToArray(), drawn);
        Assert.NotEqual(drawn, pipeline.Generate(request with { Prompt = "ab <cat-toy>" }).Images[0].Image.Rgb.ToArray());
    }

    [Fact]
    public void The_refiner_ends_what_the_base_begins()
    {
        using DiffusionPipeline pipeline = Builder()
            .UseModelFolder(folders["stable-diffusion-xl-base-1.0"]).UseRefiner(folders["stable-diffusion-xl-refiner-1.0"]).Build();
        Assert.Single(pipeline.Generate(new GenerationRequest { Prompt = "ab", Seed = 1, Steps = 5 }).Images);
    }

    [Fact]
    public void A_model_for_inpainting_repaints()
    {
        using DiffusionPipeline pipeline = Builder().UseModelFolder(folders["stable-diffusion-inpainting"]).Build();
        var request = new GenerationRequest
        {
            Prompt = "ab",
            Seed = 1,
            Steps = 2,
            InitialImage = TaskImages.Image,
            Mask = TaskImages.Mask,
        };
        Assert.Single(pipeline.Generate(request).Images);
    }

    [Fact]
    public void Another_autoencoder_takes_the_place_of_a_models()
    {
        using LatentAutoencoder autoencoder = LatentAutoencoder.Open(Path.Combine(folders["stable-diffusion-v1-5"], "vae"));
        using DiffusionPipeline pipeline = Builder().UseModelFolder(folders["LCM_Dreamshaper_v7"]).UseAutoencoder(autoencoder).Build();
        Assert.Single(pipeline.Generate(new GenerationRequest { Prompt = "ab", Seed = 1, Steps = 1 }).Images);
    }

    [Fact]
    public void Options_of_another_scheduler_are_one_line_of_the_log()
    {
        using (Builder().UseModelFolder(folders["sdxl-turbo"]).Build()) { }
        (_, LogLevel level, string text) = Assert.Single(_log.Lines, line => line.Text.Contains("scheduler", StringComparison.Ordinal));
        Assert.Equal(LogLevel.Information, level);
        Assert.Contains("EulerAncestralDiscreteScheduler", text, StringComparison.Ordinal);
        Assert.Contains("interpolation_type", text, StringComparison.Ordinal);
    }

    [Fact]
    public void An_unknown_scheduler_is_refused_unless_another_is_named()
    {
        JsonObject files = PublishedFolders.Shrunk("stable-diffusion-v1-5");
        files["scheduler"]!["_class_name"] = "DPMSolverSDEScheduler";
        files["scheduler"]!["noise_sampler_seed"] = 3;
        PublishedFolders.Write(files, _folder["model"]);

        var error = Assert.Throws<NotSupportedException>(() => Builder().UseModelFolder(_folder["model"]).Build());
        Assert.Contains("DPMSolverSDEScheduler", error.Message, StringComparison.Ordinal);
        using DiffusionPipeline pipeline = Builder()
            .UseModelFolder(_folder["model"])
            .UseScheduler("dpm++")
            .UseGuidance(space => new ClassifierFreeGuidance())
            .Build();
        Assert.Single(pipeline.Generate(new GenerationRequest { Prompt = "ab", Seed = 1, Steps = 2 }).Images);
        using DiffusionPipeline made = Builder()
            .UseModelFolder(_folder["model"])
            .UseScheduler(new DdimScheduler(SchedulerConfig.Empty.With("beta_schedule", "scaled_linear")))
            .Build();
        Assert.Single(made.Generate(new GenerationRequest { Prompt = "ab", Seed = 1, Steps = 2 }).Images);
    }

    [Theory]
    [InlineData("num_train_timesteps", "2000000000")]
    [InlineData("beta_start", "\"low\"")]
    [InlineData("prediction_type", "\"novel\"")]
    public void A_scheduler_configuration_that_cannot_be_is_invalid_data(string option, string value)
    {
        JsonObject files = PublishedFolders.Shrunk("stable-diffusion-v1-5");
        files["scheduler"]![option] = JsonNode.Parse(value);
        PublishedFolders.Write(files, _folder["model"]);
        Assert.Contains(
            option,
            Assert.Throws<InvalidDataException>(() => Builder().UseModelFolder(_folder["model"]).Build()).Message,
            StringComparison.Ordinal);
        Assert.Contains(
            option,
            Assert.Throws<InvalidDataException>(() => Builder().UseModelFolder(_folder["model"]).UseScheduler("euler").Build()).Message,
            StringComparison.Ordinal);
    }

    [Fact]
    public void Unknown_options_of_a_network_that_fits_are_only_logged()
    {
        JsonObject files = PublishedFolders.Shrunk("stable-diffusion-v1-5");
        files["unet"]!["freeu"] = "on";
        files["unet"]!["hyper"] = false;
        files["text_encoder"]!["tie_word_embeddings"] = true;
        PublishedFolders.Write(files, _folder["model"]);
        using (Builder().UseModelFolder(_folder["model"]).Build()) { }
        Assert.Single(
            _log.Lines,
            line => line.Level == LogLevel.Warning
                && line.Text.Contains("freeu", StringComparison.Ordinal)
                && !line.Text.Contains("hyper", StringComparison.Ordinal));
        Assert.Single(_log.Lines, line => line.Text.Contains("tie_word_embeddings", StringComparison.Ordinal));
    }

    [Fact]
    public void Unknown_options_are_named_where_a_network_does_not_fit()
    {
        JsonObject files = PublishedFolders.Shrunk("stable-diffusion-v1-5");
        PublishedFolders.Write(files, _folder["model"]);
        JsonObject unet = files["unet"]!.AsObject();
        (unet["layers_per_block"], unet["more_layers"]) = (1, 1);
        File.WriteAllText(Path.Combine(_folder["model"], "unet", "config.json"), unet.ToJsonString());
        var error = Assert.Throws<NotSupportedException>(() => Builder().UseModelFolder(_folder["model"]).Build());
        Assert.Contains("more_layers", error.Message, StringComparison.Ordinal);
        Assert.IsType<CheckpointException>(error.InnerException);
    }

    [Fact]
    public void A_configuration_far_larger_than_its_weights_is_refused()
    {
        JsonObject files = PublishedFolders.Shrunk("stable-diffusion-v1-5");
        PublishedFolders.Write(files, _folder["model"]);
        JsonObject unet = files["unet"]!.AsObject();
        foreach ((string option, JsonNode value) in new (string, JsonNode)[]
        {
            ("layers_per_block", 80),
            ("block_out_channels", new JsonArray(4096, 8192, 8192, 8192)),
        })
        {
            JsonObject changed = unet.DeepClone().AsObject();
            changed[option] = value;
            File.WriteAllText(Path.Combine(_folder["model"], "unet", "config.json"), changed.ToJsonString());
            Assert.Contains(
                "configuration",
                Assert.Throws<CheckpointException>(() => DiffusersFolder.Read(_folder["model"])).Message,
                StringComparison.Ordinal);
        }
    }

    public void Dispose() => _folder.Dispose();

    private DiffusionPipelineBuilder Builder() => new DiffusionPipelineBuilder().UseLoggerFactory(_log);
}
