using System.Diagnostics;
using System.Text.Json.Nodes;
using LatentDiffusion.Tests.Pipelines;
using Xunit;

namespace LatentDiffusion.Tests.Metadata;

/// <summary>Images of ComfyUI, InvokeAI, NovelAI and the web UI.</summary>
public sealed class ForeignSettingsTests
{
    private const string Graph = """
        {
          "3": { "class_type": "KSampler", "inputs": { "seed": 156680208700286, "steps": 20, "cfg": 8, "sampler_name": "dpmpp_2m",
            "scheduler": "karras", "denoise": 1, "model": ["11", 0], "positive": ["6", 0], "negative": ["7", 0],
            "latent_image": ["5", 0] } },
          "4": { "class_type": "CheckpointLoaderSimple", "inputs": { "ckpt_name": "SD1.5\\v1-5-pruned.safetensors" } },
          "5": { "class_type": "EmptyLatentImage", "inputs": { "width": 512, "height": 768, "batch_size": 1 } },
          "6": { "class_type": "CLIPTextEncode", "inputs": { "text": ["12", 0], "clip": ["13", 0] } },
          "7": { "class_type": "CLIPTextEncode", "inputs": { "text": "text, watermark", "clip": ["13", 0] } },
          "8": { "class_type": "VAEDecode", "inputs": { "samples": ["3", 0], "vae": ["4", 2] } },
          "9": { "class_type": "SaveImage", "inputs": { "filename_prefix": "ComfyUI", "images": ["8", 0] } },
          "10": { "class_type": "LoraLoader", "inputs": { "lora_name": "fur.safetensors", "strength_model": 0.8, "strength_clip": 0.8,
            "model": ["4", 0], "clip": ["4", 1] } },
          "11": { "class_type": "LoraLoaderModelOnly", "inputs": { "lora_name": "styles/ink.safetensors", "strength_model": -0.5,
            "model": ["10", 0] } },
          "12": { "class_type": "PrimitiveStringMultiline", "inputs": { "value": "a cat,\non a hill" } },
          "13": { "class_type": "CLIPSetLastLayer", "inputs": { "stop_at_clip_layer": -2, "clip": ["10", 1] } }
        }
        """;

    private const string Flux = """
        {
          "1": { "class_type": "SamplerCustomAdvanced", "inputs": { "noise": ["2", 0], "guider": ["3", 0], "sampler": ["4", 0],
            "sigmas": ["5", 0], "latent_image": ["6", 0] } },
          "2": { "class_type": "RandomNoise", "inputs": { "noise_seed": 7 } },
          "3": { "class_type": "BasicGuider", "inputs": { "model": ["7", 0], "conditioning": ["8", 0] } },
          "4": { "class_type": "KSamplerSelect", "inputs": { "sampler_name": "euler" } },
          "5": { "class_type": "BasicScheduler", "inputs": { "scheduler": "simple", "steps": 28, "denoise": 1, "model": ["7", 0] } },
          "6": { "class_type": "EmptySD3LatentImage", "inputs": { "width": 1024, "height": 1024, "batch_size": 4 } },
          "7": { "class_type": "UNETLoader", "inputs": { "unet_name": "flux1-dev.safetensors" } },
          "8": { "class_type": "FluxGuidance", "inputs": { "guidance": 3.5, "conditioning": ["9", 0] } },
          "9": { "class_type": "CLIPTextEncode", "inputs": { "text": "a fox", "clip": ["10", 0] } }
        }
        """;

    [Fact]
    public void A_graph_with_one_sampler_is_a_request()
    {
        ImageSettings settings = Read("prompt", Graph);
        Assert.Equal(
            new GenerationRequest
            {
                Prompt = "a cat,\non a hill", NegativePrompt = "text, watermark", Seed = 156680208700286, Steps = 20, GuidanceScale = 8,
                Width = 512, Height = 768, SchedulerName = "dpm++-karras",
            },
            settings.Request);
        Assert.Equal(("ComfyUI", "v1-5-pruned", 2), (settings.Program, settings.Model, settings.ClipSkip!.Value));
        Assert.Equal([new LoraReference("fur", 0.8), new LoraReference("ink", -0.5)], settings.Loras);
        Assert.Empty(settings.Other);
    }

    [Fact]
    public void Custom_samplers_are_followed()
    {
        ImageSettings settings = Read("prompt", Flux);
        Assert.Equal(
            new GenerationRequest
            {
                Prompt = "a fox", Seed = 7, Steps = 28, GuidanceScale = 3.5, Width = 1024, Height = 1024, SchedulerName = "euler-trailing",
            },
            settings.Request);
        Assert.Equal(("flux1-dev", "4"), (settings.Model, settings.Other["batch_size"]));
    }

    [Theory]
    [InlineData("3.inputs.sampler_name", "\"res_multistep\"", "'res_multistep'")]
    [InlineData("3.inputs.positive", "[\"8\", 0]", "'positive' through VAEDecode (8)")]
    [InlineData("3.inputs.positive", "null", "input 'positive' of KSampler (3) is not linked to a node")]
    [InlineData("3.inputs.latent_image", "[\"8\", 0]", "starts from VAEDecode (8)")]
    [InlineData("3.inputs.denoise", "0.5", "starts from EmptyLatentImage (5) and runs 0.5 of the steps")]
    [InlineData("3.inputs.steps", "[\"9\", 0]", "the number 'steps' of KSampler (3) comes from SaveImage (9)")]
    [InlineData("6.class_type", "\"ConditioningCombine\"", "'positive' through ConditioningCombine (6)")]
    [InlineData("3.class_type", "\"Nothing\"", "has no supported sampler")]
    [InlineData("8.class_type", "\"KSampler\"", "it has 2 samplers, KSampler (3), KSampler (8)")]
    [InlineData("6", """{ "class_type": "FluxGuidance", "inputs": { "conditioning": ["6", 0] } }""", "a cycle at FluxGuidance (6)")]
    [InlineData("6.inputs.text_l", "\"another\"", "2 different texts")]
    [InlineData(
        "3", """{ "class_type": "KSamplerAdvanced", "inputs": { "steps": 20, "end_at_step": 16, "start_at_step": 0 } }""",
        "runs only some of the steps")]
    public void Ambiguous_graphs_are_refused(string path, string value, string message)
    {
        JsonNode graph = JsonNode.Parse(Graph)!;
        string[] names = path.Split('.');
        JsonNode node = graph;
        foreach (string name in names[..^1]) node = node[name]!;
        node[names[^1]] = JsonNode.Parse(value);
        var e = Assert.Throws<InvalidDataException>(() => Read("prompt", graph.ToJsonString()));
        Assert.Contains(message, e.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("4", "model")]
    [InlineData("13", "clip")]
    [InlineData("6", "conditioning")]
    public void A_circle_in_a_large_graph_is_followed_once(string name, string input)
    {
        JsonNode graph = JsonNode.Parse(Graph)!;
        // Every pass through this node would search its 50,000 inputs from the last to the first, and copy them.
        var inputs = new JsonObject { [input] = new JsonArray(name, 0) };
        for (int i = 0; i < 50_000; i++) inputs[$"a{i}"] = i;
        graph[name] = new JsonObject { ["class_type"] = "Reroute", ["inputs"] = inputs };
        if (input == "conditioning") graph[name]!["class_type"] = "FluxGuidance";
        for (int i = 0; i < 50_000; i++) graph[$"b{i}"] = new JsonObject { ["class_type"] = "Note" };
        var clock = Stopwatch.StartNew();
        if (input == "conditioning")
        {
            var e = Assert.Throws<InvalidDataException>(() => Read("prompt", graph.ToJsonString()));
            Assert.Contains("a cycle at FluxGuidance (6)", e.Message, StringComparison.Ordinal);
        }
        else
        {
            ImageSettings settings = Read("prompt", graph.ToJsonString());
            Assert.Equal(input == "model", settings.Model is null);
            Assert.Equal(input == "clip", settings.ClipSkip is null);
        }

        Assert.InRange(clock.Elapsed.TotalSeconds, 0, 10);
    }

    [Fact]
    public void Options_supply_the_initial_image_and_keep_unknown_samplers()
    {
        string text = Graph.Replace("EmptyLatentImage", "VAEEncode", StringComparison.Ordinal)
            .Replace("\"width\": 512", "\"pixels\": [\"14\", 0]", StringComparison.Ordinal)
            .Replace("\"denoise\": 1", "\"denoise\": 0.6", StringComparison.Ordinal)
            .Replace("\"4\": {", "\"14\": { \"class_type\": \"LoadImage\" }, \"4\": {", StringComparison.Ordinal)
            .Replace("dpmpp_2m", "res_multistep", StringComparison.Ordinal);
        var inputs = new GenerationRequest { Prompt = "", InitialImage = TaskImages.Image };
        var options = new ImageSettingsOptions { Inputs = inputs, KeepUnknownSampler = true };
        ImageSettings settings = ImageSettings.FromTexts(new Dictionary<string, string> { ["prompt"] = text }, options);
        Assert.Equal((TaskImages.Image, 0.6), (settings.Request.InitialImage, settings.Request.Strength!.Value));
        Assert.Null(settings.Request.SchedulerName);
        Assert.Equal(("res_multistep", "karras"), (settings.Other["sampler_name"], settings.Other["scheduler"]));
        Assert.Contains("'Inputs'", Assert.Throws<InvalidDataException>(() => ImageSettings.FromTexts(
            new Dictionary<string, string> { ["prompt"] = text }, options with { Inputs = null })).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Entries_of_InvokeAI_are_read()
    {
        ImageSettings settings = Read("invokeai_metadata", """
            { "generation_mode": "txt2img", "positive_prompt": "a cat [sic]", "negative_prompt": "bad", "width": 512, "height": 640,
              "seed": 5,
              "cfg_scale": 7.5, "steps": 30, "scheduler": "dpmpp_2m_k", "clip_skip": 1, "rand_device": "cpu",
              "model": { "name": "Dreamshaper 8", "hash": "blake3:12" }, "loras": [{ "model": { "name": "fur" }, "weight": 0.75 }] }
            """);
        Assert.Equal(
            new GenerationRequest
            {
                Prompt = "a cat [sic]", NegativePrompt = "bad", Seed = 5, Steps = 30, GuidanceScale = 7.5, Width = 512, Height = 640,
                SchedulerName = "dpm++-karras",
            },
            settings.Request);
        Assert.Equal(("InvokeAI", "Dreamshaper 8", 2), (settings.Program, settings.Model, settings.ClipSkip!.Value));
        Assert.Equal([new LoraReference("fur", 0.75)], settings.Loras);
        Assert.Equal("cpu", settings.Other["rand_device"]);

        var expected = new GenerationRequest
        {
            Prompt = "a \"cat\"", NegativePrompt = "ugly", Seed = 12345, Steps = 50, GuidanceScale = 7.5, Width = 512, Height = 512,
            SchedulerName = "lms",
        };
        Assert.Equal(expected, Read("Dream", "\"a \"cat\" [ugly]\" -s 50 -S 12345 -W 512 -H512 -C 7.5 -A k_lms").Request);
        Assert.Equal(expected, Read("sd-metadata", """
            { "model_weights": "sd-1.5", "image": { "prompt": [{ "prompt": "a \"cat\" [ugly]", "weight": 1 }], "steps": 50, "seed": "12345",
              "width": 512, "height": 512, "cfg_scale": 7.5, "sampler": "k_lms", "type": "txt2img" } }
            """).Request);
        Refused("sd-metadata", """{ "image": { "prompt": [{ "prompt": "a" }, { "prompt": "b" }] } }""", "a single prompt");
        Refused("Dream", "a cat -s 50", "quotation marks");
        Refused("invokeai_metadata", "[]", "not a JSON object");
    }

    [Fact]
    public void Entries_of_NovelAI_are_read() => Assert.Equal(
        new GenerationRequest
        {
            Prompt = "1girl", NegativePrompt = "lowres", Seed = 9, Steps = 28, GuidanceScale = 11, Width = 512, Height = 768,
            SchedulerName = "euler-a",
        },
        ImageSettings.FromTexts(new Dictionary<string, string>
        {
            ["Description"] = "1girl",
            ["Comment"] = """
                { "steps": 28, "sampler": "k_euler_ancestral", "seed": 9, "strength": 0.7, "scale": 11, "uc": "lowres", "width": 512,
                  "height": 768, "noise_schedule": "native" }
                """,
        }).Request);

    [Fact]
    public void Hires_fix_of_the_web_ui_is_a_second_pass()
    {
        const string Line = "a\nSteps: 20, Sampler: Euler, CFG scale: 7, Seed: 1, Size: 512x768, Denoising strength: 0.4, ";
        Assert.Equal(
            new LatentUpscaling { Width = 768, Height = 1152, Strength = 0.4 },
            ImageSettings.FromParameters(Line + "Hires upscale: 1.5").Request.Upscale);
        ImageSettings settings =
            ImageSettings.FromParameters(Line + "Hires resize: 0x1536, Hires steps: 10, Hires upscaler: 4x-UltraSharp");
        Assert.Equal(new LatentUpscaling { Width = 1024, Height = 1536, Strength = 0.4, Steps = 10 }, settings.Request.Upscale);
        Assert.Equal(["Hires upscaler"], settings.Other.Keys);
        Refused("parameters", Line + "Mask blur: 4", "'Inputs'");
        Refused("parameters", "a\nSteps: 20, Sampler: DPM adaptive, CFG scale: 7", "'DPM adaptive'");
    }

    /// <summary>The same texts as two files that users sent.</summary>
    [Fact]
    public void Files_of_users_are_read_or_refused()
    {
        ImageSettings settings = Read("parameters", """
            a cat, <lora:x:0.8>
            Negative prompt: bad
            Steps: 20, Sampler: DPM++ 2M Karras, CFG scale: 7, Seed: 42, Size: 16x16, Model: tiny, Clip skip: 2
            """);
        Assert.Equal(
            new GenerationRequest
            {
                Prompt = "a cat, <lora:x:0.8>", NegativePrompt = "bad", Steps = 20, SchedulerName = "dpm++-karras", GuidanceScale = 7,
                Seed = 42, Width = 16, Height = 16,
            },
            settings.Request);
        Assert.Equal([new LoraReference("x", 0.8) { IsInPrompt = true }], settings.Loras);
        Assert.Equal(("tiny", 2), (settings.Model, settings.ClipSkip!.Value));
        Refused("prompt", """{"3":{"class_type":"KSampler","inputs":{"seed":7,"steps":20}}}""", "is not linked to a node");
        Refused("workflow", "{}", "but not the graph 'prompt'");
        Refused("Software", "other", "its texts are Software");
    }

    private static void Refused(string key, string text, string message) => Assert.Contains(
        message, Assert.Throws<InvalidDataException>(() => Read(key, text)).Message, StringComparison.Ordinal);

    /// <summary>Reads the entry from a file.</summary>
    private static ImageSettings Read(string key, string text) => ImageSettings.Read(
        new SkiaImageCodec().EncodePng(new ImageBuffer(1, 1, new byte[3]), new Dictionary<string, string> { [key] = text }));
}
