using System.Globalization;
using LatentDiffusion.Tests.Pipelines;
using TorchSharp;
using Xunit;
using static TorchSharp.torch;

namespace LatentDiffusion.Tests.Metadata;

/// <summary>An image, the web UI's text of it, and the image again from that text.</summary>
public sealed class WebUIRoundTripTests(TinyModel model) : IClassFixture<TinyModel>
{
    private static readonly GenerationRequest s_request = new()
    {
        Prompt = " a blue bird, “zwei Vögel”\nSteps: 4, a: b, c: d \n", NegativePrompt = "red\nNegative prompt: green",
        Seed = ulong.MaxValue - 1, ImageCount = 2, Steps = 3, GuidanceScale = 2.7, Width = 24, Height = 16,
    };

    public static TheoryData<string, string?> Requests()
    {
        string[] schedulers =
        [
            "", "euler", "euler-a", "dpm++-karras", "dpm++-sde-exponential", "unipc-beta", "lcm", "euler-trailing", "kdpm2-a", "dpm++-2s",
            "dpm++-3m-sde", "dpm++-2s-sde-karras", "plms",
        ];
        return new(schedulers.Select(name => new TheoryDataRow<string, string?>("plain", name.Length > 0 ? name : null))
            .Concat(((string[])["upscaled", "steps", "clip skip", "resized", "variation", "exotic"])
                .Select(kind => new TheoryDataRow<string, string?>(kind, null))));
    }

    [Theory, MemberData(nameof(Requests))]
    public void The_text_reproduces_the_image(string kind, string? scheduler)
    {
        GenerationRequest request = kind switch
        {
            "upscaled" => s_request with { Width = 16, Upscale = new LatentUpscaling { Width = 32, Height = 32, Strength = 0.55 } },
            "steps" => s_request with { Upscale = new LatentUpscaling { Width = 48, Height = 32, Strength = 0.5, Steps = 6 } },
            "clip skip" => s_request with { ClipSkip = 2 },
            "resized" => s_request with { Upscale = new LatentUpscaling { Width = 32, Height = 26, Strength = 2.0 / 3 } },
            "variation" => s_request with { VariationSeed = 7, VariationStrength = 0.1 + 0.2 },
            "exotic" => s_request with { Timesteps = [900, 500, 100], Eta = 0.5, NegativePrompt = "" },
            _ => s_request with { SchedulerName = scheduler },
        };
        using DiffusionPipeline pipeline = model.Builder().Configure(o => o.MetadataFormat = MetadataFormat.WebUI).Build();
        foreach (GeneratedImage image in pipeline.Generate(request).Images)
        {
            ImageSettings settings = ImageSettings.Read(image.ToPng());
            Assert.Equal(image.Image.Rgb.ToArray(), pipeline.Generate(settings.Request).Images[0].Image.Rgb.ToArray());
            Assert.Equal((request.Prompt, request.NegativePrompt), (settings.Request.Prompt, settings.Request.NegativePrompt));
            Assert.Equal(image.ToPng(), pipeline.Generate(settings.Request).Images[0].ToPng());
            Assert.Equal("model", settings.Model);
        }
    }

    [Fact]
    public void One_file_may_have_another_format_than_the_pipelines()
    {
        using DiffusionPipeline pipeline = model.Builder().Build();
        GeneratedImage image = pipeline.Generate(s_request with { ImageCount = 1 }).Images[0];
        Assert.DoesNotContain("parameters", ImageTexts.Read(image.Encode(timings: false)).Keys);
        IReadOnlyDictionary<string, string> both = ImageTexts.Read(image.Encode(timings: false, format: MetadataFormat.Both));
        Assert.Equal(image.Parameters.ToString(), both["parameters"]);
        Assert.Equal(image.Seed.ToString(CultureInfo.InvariantCulture), both["seed"]);
        Assert.Equal(["parameters"], ImageTexts.Read(image.Encode(format: MetadataFormat.WebUI)).Keys);
    }

    [Fact]
    public void The_pipelines_scheduler_and_clip_skip_are_in_the_text()
    {
        using DiffusionPipeline pipeline = model.Builder().UseScheduler("dpm++-karras")
            .UsePromptWeighting(new PromptingOptions { ClipSkip = 2 }).Build();
        GeneratedImage image = pipeline.Generate(s_request with { ImageCount = 1, Prompt = "a bird", NegativePrompt = "" }).Images[0];
        Assert.StartsWith(
            "a bird\nSteps: 3, Sampler: DPM++ 2M, Schedule type: Karras, CFG scale: 2.7, Seed: 18446744073709551614, Size: 24x16, "
            + "Model: model, Clip skip: 2, Version: LatentDiffusion ", image.Parameters.ToString(), StringComparison.Ordinal);
        Assert.Empty(image.Parameters.Other);

        // Another pipeline gives the same image, because the text names the scheduler.
        ImageSettings settings = ImageSettings.FromParameters(image.Parameters.ToString());
        Assert.Equal(("dpm++-karras", 2), (settings.Request.SchedulerName, settings.ClipSkip!.Value));
        using DiffusionPipeline other = model.Builder().UsePromptWeighting(new PromptingOptions { ClipSkip = 2 }).Build();
        Assert.Equal(image.Image.Rgb.ToArray(), other.Generate(settings.Request).Images[0].Image.Rgb.ToArray());
    }

    [Fact]
    public void A_scheduler_without_a_name_is_left_to_the_pipeline()
    {
        using DiffusionPipeline pipeline = model.Builder()
            .UseScheduler(config => KnownSchedulers.Euler.Create(config.With("final_sigmas_type", "sigma_min"))).Build();
        GeneratedImage image = pipeline.Generate(s_request).Images[1];
        Assert.Equal("Euler", image.Parameters.Sampler);
        GenerationRequest again = ImageSettings.FromParameters(image.Parameters.ToString()).Request;
        Assert.Null(again.SchedulerName);
        Assert.Equal(image.Image.Rgb.ToArray(), pipeline.Generate(again).Images[0].Image.Rgb.ToArray());
    }

    [Fact]
    public void A_lora_in_the_prompt_is_applied_again()
    {
        using var folder = new TemporaryFolder();
        string file = folder["one.safetensors"];
        using (DisposeScope scope = NewDisposeScope())
        {
            const string Query = "unet.down_blocks.0.attentions.0.transformer_blocks.0.attn1.to_q";
            SafetensorsWriter.Write(
                file, [($"{Query}.lora_A.weight", full(2, 16, 0.5f)), ($"{Query}.lora_B.weight", full(16, 2, -0.5f))]);
        }

        using DiffusionPipeline pipeline = model.Builder().UsePromptLoras(folder[""]).Configure(o => o.FileHashes = true).Build();
        GenerationRequest request = s_request with { Prompt = "a bird <lora:one:0.75>", ImageCount = 1 };
        GeneratedImage image = pipeline.Generate(request).Images[0];
        ImageSettings settings = ImageSettings.FromParameters(image.Parameters.ToString());
        string hash = ModelHash.Tensors(file)[..12];
        Assert.Equal([new LoraReference("one", 0.75) { Hash = hash, IsInPrompt = true }], settings.Loras);
        byte[] again = pipeline.Generate(settings.Request).Images[0].Image.Rgb.ToArray();
        Assert.Equal(image.Image.Rgb.ToArray(), again);
        Assert.NotEqual(again, pipeline.Generate(request with { Prompt = "a bird " }).Images[0].Image.Rgb.ToArray());
    }

    [Fact]
    public void Missing_input_images_are_named()
    {
        using DiffusionPipeline pipeline = model.Builder().Build();
        GenerationRequest request = s_request with
        {
            ImageCount = 1, Width = null, Height = null, InitialImage = TaskImages.Image, Mask = TaskImages.Mask, Strength = 0.7,
        };
        GeneratedImage image = pipeline.Generate(request).Images[0];
        string text = image.Parameters.ToString();
        Assert.Contains("Denoising strength: 0.7", text, StringComparison.Ordinal);
        Assert.Contains(
            "'initial_image'", Assert.Throws<InvalidDataException>(() => ImageSettings.FromParameters(text)).Message,
            StringComparison.Ordinal);
        ImageSettings settings = ImageSettings.FromParameters(text, new ImageSettingsOptions { Inputs = request });
        Assert.Equal(image.Image.Rgb.ToArray(), pipeline.Generate(settings.Request).Images[0].Image.Rgb.ToArray());
    }

    [Fact]
    public void The_shipped_model_applies_a_lora_of_the_prompt_again()
    {
        using DiffusionPipeline pipeline = new DiffusionPipelineBuilder().UseDrawingsModel(CPU)
            .UsePromptLoras(Path.Combine(AppContext.BaseDirectory, "models", "drawings-few-steps")).Build();
        GeneratedImage image = pipeline.Generate(new GenerationRequest
        {
            Prompt = "a red cat <lora:pytorch_lora_weights:0.5>", Seed = 5, Steps = 4, GuidanceScale = 1,
        }).Images[0];
        ImageSettings settings = ImageSettings.FromParameters(image.Parameters.ToString());
        Assert.Equal([new LoraReference("pytorch_lora_weights", 0.5) { IsInPrompt = true }], settings.Loras);
        Assert.Equal(image.Image.Rgb.ToArray(), pipeline.Generate(settings.Request).Images[0].Image.Rgb.ToArray());
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void The_shipped_model_reproduces_its_images(bool fewSteps)
    {
        var builder = new DiffusionPipelineBuilder();
        using DiffusionPipeline pipeline = (fewSteps ? builder.UseFewStepDrawingsModel(CPU) : builder.UseDrawingsModel(CPU))
            .Configure(o => o.MetadataFormat = MetadataFormat.Both).Build();
        var request = new GenerationRequest
        {
            Prompt = "a red cat with a hat", Seed = 5, Steps = fewSteps ? null : 4, ImageCount = fewSteps ? 1 : 2, VariationSeed = 9,
            Upscale = fewSteps ? null : new LatentUpscaling { Width = 160, Height = 160, Strength = 0.5 },
        };
        foreach (GeneratedImage image in pipeline.Generate(request).Images)
        {
            GenerationRequest text = ImageSettings.FromParameters(image.Parameters.ToString()).Request;
            Assert.Equal(image.Image.Rgb.ToArray(), pipeline.Generate(text).Images[0].Image.Rgb.ToArray());
            Assert.Equal(GenerationMetadata.ReadRequest(image.ToPng()), text with { SchedulerName = null });
            Assert.Equal("LatentDiffusion", ImageSettings.Read(image.ToPng()).Program);
        }
    }
}
