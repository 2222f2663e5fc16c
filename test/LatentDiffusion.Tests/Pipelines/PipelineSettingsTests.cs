using System.Text.Json.Nodes;
using Xunit;
using static TorchSharp.torch;

namespace LatentDiffusion.Tests.Pipelines;

/// <summary>Settings of the pipeline in an image's metadata.</summary>
public sealed class PipelineSettingsTests(TinyModel model, FamilyFolders families)
    : IClassFixture<TinyModel>, IClassFixture<FamilyFolders>, IDisposable
{
    private static readonly GenerationRequest s_request = new() { Prompt = "a blue bird", Seed = 7, Steps = 2 };

    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void A_plain_pipeline_tells_its_settings()
    {
        IReadOnlyDictionary<string, string> texts = Texts(model.Builder());
        Assert.Equal(("model", "Float32", "DdimScheduler"), (texts["model"], texts["precision"], texts["scheduler"]));
        Same("""{ "kind": "ClassifierFreeGuidance" }""", texts["guidance"]);
        string[] none =
        [
            "loras", "prompt_weighting", "textual_inversions", "control_nets", "step_caching", "tiling", "refiner", "refiner_start",
        ];
        Assert.Empty(none.Intersect(texts.Keys));
    }

    [Fact]
    public void Schedulers_of_one_class_differ_by_their_configuration()
    {
        string plain = Texts(model.Builder().UseScheduler("euler"))["scheduler_config"],
            karras = Texts(model.Builder().UseScheduler("euler-karras"))["scheduler_config"];
        Assert.Equal(
            (false, true),
            ((bool)JsonNode.Parse(plain)!["use_karras_sigmas"]!, (bool)JsonNode.Parse(karras)!["use_karras_sigmas"]!));
        Assert.Equal(0.012, (double)JsonNode.Parse(plain)!["beta_end"]!);
    }

    public static TheoryData<string> Known => [.. KnownSchedulers.All.Select(s => s.Name)];

    [Theory, MemberData(nameof(Known))]
    public void The_configuration_makes_the_same_scheduler_again(string name)
    {
        // Of another class, with bookkeeping entries of its origin.
        string other = name.Split('-')[0] switch
        {
            "flow" => "FlowMatchEulerDiscreteScheduler",
            "edm" => "EDMEulerScheduler",
            "ipndm" => "IPNDMScheduler",
            _ => "DDIMScheduler",
        };
        SchedulerConfig config = SchedulerConfig.Parse($$"""
            { "_class_name": "{{other}}", "_name_or_path": "/home/somebody/models" }
            """);
        Assert.True(KnownSchedulers.TryGet(name, out KnownScheduler? known));
        NoiseScheduler scheduler = known.Create(config);
        string text = scheduler.OwnConfig.ToText();
        Assert.DoesNotContain("somebody", text, StringComparison.Ordinal);
        Assert.DoesNotContain('\n', text);
        NoiseScheduler again = NoiseScheduler.FromConfig(text);
        Assert.Equal(scheduler.GetType(), again.GetType());
        Assert.Equal(text, again.OwnConfig.ToText());
    }

    [Fact]
    public void Every_setting_is_told_without_a_path_and_ignored_on_reading()
    {
        using DiffusionPipeline pipeline = model.Builder()
            .UseLora(Lora("style.safetensors"), 0.75)
            .UsePromptWeighting(new PromptingOptions { ClipSkip = 2 })
            .UseStepCaching(new StepCachingOptions { Interval = 3 })
            .UseTiledDecoding(new TilingOptions { TileSize = 16 })
            .UseGuidance(space => new IntervalGuidance(
                new RescaledGuidance(new ClassifierFreeGuidance(), new() { GuidanceRescale = 0.4 }),
                space,
                new() { Start = 0.1 }))
            .Build();
        GeneratedImage image = pipeline.Generate(s_request).Images[0];
        IReadOnlyDictionary<string, string> texts = PngText.Read(image.ToPng());
        Same("""[{ "name": "style.safetensors", "scale": 0.75 }]""", texts["loras"]);
        Same("""{ "clip_skip": 2, "max_chunks": 16, "weights": true }""", texts["prompt_weighting"]);
        Same("""{ "interval": 3, "levels": 1 }""", texts["step_caching"]);
        Same("""{ "tile_size": 16, "overlap": 0.25, "statistics_passes": 1 }""", texts["tiling"]);
        Same(
            """
            {
              "kind": "IntervalGuidance", "options": { "minimum_sigma": 0, "maximum_sigma": "Infinity", "start": 0.1, "stop": 1 },
              "inner": { "kind": "RescaledGuidance", "options": { "guidance_rescale": 0.4 }, "inner": { "kind": "ClassifierFreeGuidance" } }
            }
            """, texts["guidance"]);
        Assert.Equal("Float32", texts["precision"]);
        Assert.All(texts.Values, text => Assert.DoesNotContain(Path.DirectorySeparatorChar, text));

        GenerationRequest again = GenerationMetadata.ReadRequest(image.ToPng());
        Assert.Equal(image.ToPng(timings: false), pipeline.Generate(again).Images[0].ToPng(timings: false));
    }

    [Fact]
    public void Patches_that_are_set_later_are_told_from_then_on()
    {
        using DiffusionPipeline pipeline = model.Builder().Build();
        pipeline.Model!.SetLoras((Lora("one.safetensors"), 1), (Lora("two.safetensors"), -0.5));
        Same("""[{ "name": "one.safetensors", "scale": 1 }, { "name": "two.safetensors", "scale": -0.5 }]""", Texts(pipeline)["loras"]);
        Assert.ThrowsAny<Exception>(() => pipeline.Model.SetLoras((_folder["missing.safetensors"], 1)));
        Assert.Contains("two", Texts(pipeline)["loras"], StringComparison.Ordinal);
        pipeline.Model.SetLoras();
        Assert.DoesNotContain("loras", Texts(pipeline));
    }

    [Fact]
    public void Refiners_and_ControlNets_are_told_by_name()
    {
        TinyControlNets.Write(_folder["canny"], "xl", 0);
        using DiffusionPipeline pipeline = new DiffusionPipelineBuilder().UseModelFolder(families["xl"], CPU)
            .UseControlNet(_folder["canny"] + Path.DirectorySeparatorChar).UseRefiner(families["xl-refiner"], 0.5).Build();
        IReadOnlyDictionary<string, string> texts = pipeline.Generate(
            new GenerationRequest { Prompt = "ab", Seed = 1, Steps = 3, Width = 24, Height = 16, ControlImages = [TaskImages.Image] })
                .Images[0].Metadata;
        Assert.Equal(("xl-refiner", "0.5"), (texts["refiner"], texts["refiner_start"]));
        Same("""["canny"]""", texts["control_nets"]);
    }

    private static IReadOnlyDictionary<string, string> Texts(DiffusionPipelineBuilder builder)
    {
        using DiffusionPipeline pipeline = builder.Build();
        return Texts(pipeline);
    }

    private static IReadOnlyDictionary<string, string> Texts(DiffusionPipeline pipeline) => pipeline.Generate(s_request).Images[0].Metadata;

    private static void Same(string expected, string actual) =>
        Assert.True(JsonNode.DeepEquals(JsonNode.Parse(expected), JsonNode.Parse(actual)), $"{actual} is not {expected}");

    private string Lora(string name)
    {
        const string Query = "unet.down_blocks.0.attentions.0.transformer_blocks.0.attn1.to_q";
        using Tensor down = ones(2, 16), up = ones(16, 2);
        SafetensorsWriter.Write(_folder[name], [(Query + ".lora_A.weight", down), (Query + ".lora_B.weight", up)]);
        return _folder[name];
    }
}
