using System.Globalization;
using Xunit;

namespace LatentDiffusion.Tests.Pipelines;

public sealed class MetadataTests(TinyModel model) : IClassFixture<TinyModel>
{
    private static readonly GenerationRequest s_request = new()
    {
        Prompt = "a blue bird, “zwei Vögel”,\n二羽の鳥", NegativePrompt = "red",
        Seed = ulong.MaxValue - 1, ImageCount = 3, Steps = 3, GuidanceScale = 2.7,
        Width = 24, Height = 16,
    };

    [Fact]
    public void A_request_read_back_from_a_file_gives_its_image_again()
    {
        using var folder = new TemporaryFolder();
        using DiffusionPipeline pipeline = model.Builder().Build();
        foreach (GeneratedImage image in pipeline.Generate(s_request).Images)
        {
            image.SavePng(folder["one.png"]);
            GenerationRequest again = GenerationMetadata.ReadRequest(File.ReadAllBytes(folder["one.png"]));
            Assert.Equal(s_request with { Seed = image.Seed, ImageCount = 1 }, again);
            Assert.Equal(image.Image.Rgb.ToArray(), pipeline.Generate(again).Images[0].Image.Rgb.ToArray());
        }
    }

    [Theory]
    [InlineData("one.png", 0x89, 'P')]
    [InlineData("none", 0x89, 'P')]
    [InlineData("one.JPG", 0xFF, 0xD8)]
    [InlineData("one.jpeg", 0xFF, 0xD8)]
    [InlineData("one.webp", 'R', 'I')]
    public void The_extension_decides_the_type_of_the_file(string name, int first, int second)
    {
        using var folder = new TemporaryFolder();
        using DiffusionPipeline pipeline = model.Builder().Build();
        GeneratedImage image = pipeline.Generate(s_request with { ImageCount = 1, Steps = 1 }).Images[0];
        image.Save(folder[name], timings: false);
        byte[] file = File.ReadAllBytes(folder[name]);
        Assert.Equal([(byte)first, (byte)second], file[..2]);
        Assert.Equal(s_request.Prompt, GenerationMetadata.ReadRequest(file).Prompt);
        ArgumentException refused = Assert.Throws<ArgumentException>(() => image.Save(folder["one.bmp"]));
        Assert.Contains("one.bmp' ends with .bmp; expected .png, .jpg", refused.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void An_image_made_from_others_is_made_again_from_them()
    {
        using DiffusionPipeline pipeline = model.Builder().Build();
        using Conditioning between = pipeline.Model!.TextEncoder.Encode(["a star"]), negative = pipeline.Model.TextEncoder.Encode(["red"]);
        GenerationRequest request = s_request with
        {
            Seed = 5, ImageCount = 2, VariationSeed = 40, VariationStrength = 0.3,
            InitialImage = TaskImages.Image, Mask = TaskImages.Mask, Strength = 0.7,
            PromptEmbeds = between, NegativePromptEmbeds = negative,
            Upscale = new LatentUpscaling { Width = 32, Height = 24, Strength = 0.5 },
        };
        GeneratedImage image = pipeline.Generate(request).Images[1];
        GenerationRequest again = GenerationMetadata.ReadRequest(image.ToPng(), inputs: request);
        Assert.Equal(request with { ImageCount = 1, VariationSeed = 41 }, again);
        Assert.Equal(image.ToPng(timings: false), pipeline.Generate(again).Images[0].ToPng(timings: false));

        Refused(null, "prompt_embeds");
        Refused(request with { InitialImage = null }, "initial_image");
        Refused(request with { Mask = null }, "mask");

        void Refused(GenerationRequest? inputs, string key) => Assert.Contains(
            $"made with '{key}', which texts do not hold",
            Assert.Throws<InvalidDataException>(() => GenerationMetadata.ReadRequest(image.ToPng(), inputs)).Message,
            StringComparison.Ordinal);
    }

    [Fact]
    public void Every_setting_is_read_back_as_it_was()
    {
        // More than any one model takes.
        var request = new GenerationRequest
        {
            Prompt = "a", NegativePrompt = "b\nc",
            Seed = ulong.MaxValue, VariationSeed = 1UL << 63, VariationStrength = 1.0 / 3,
            Steps = 7, GuidanceScale = 0.1 + 0.2, ImageGuidanceScale = 1.1 + 0.2,
            Width = 24, Height = 16, Strength = 0.7,
            Inpainting = new InpaintingOptions { MaskPadding = 32, MaskedContent = MaskedContent.LatentNothing, PreservePixels = false },
            Upscale = new LatentUpscaling { Width = 32, Height = 24, Strength = 2.0 / 3, Upscaler = "lanczos" },
            FinalUpscale = new ImageUpscaling { Scale = 1.0 / 3, Width = 5, Height = 6, Upscaler = "x" },
            SizeConditioningInput = new SizeConditioningInput
            {
                OriginalWidth = 1, OriginalHeight = 2, CropLeft = 3, CropTop = 4, TargetWidth = 5, TargetHeight = 6,
                AestheticScore = 6.5
            },
            NegativeSizeConditioningInput = new SizeConditioningInput { CropTop = 9 },
            ControlWeights = [new() { Scale = -0.5, Start = 0.1, End = 0.9 }, new() { Scale = 1e-3, Mode = 2 }],
            AdapterWeights = [new() { Scale = -0.5, ConditioningFactor = 0.25 }, new() { Scale = 1e-3 }],
            IpAdapterWeights = [new() { Scale = 0.3, Start = 0.1, End = 0.7 }, new() { Scale = 1e-3 }],
            SchedulerName = "dpm++-karras", ClipSkip = 2,
            Timesteps = [999, 1.0 / 3], Sigmas = [14.615, 1e-3], Eta = 0.1 + 0.2, Mu = -1.15, Churn = new ChurnOptions(4, 0.05),
        };
        Dictionary<string, string> texts = GenerationMetadata.TextsOf(request);
        byte[] png = new SkiaImageCodec().EncodePng(new ImageBuffer(1, 1, new byte[3]), texts);
        GenerationRequest again = GenerationMetadata.ReadRequest(png);
        Assert.Equal(request.ControlWeights, again.ControlWeights);
        Assert.Equal(request.AdapterWeights, again.AdapterWeights);
        Assert.Equal(request.IpAdapterWeights, again.IpAdapterWeights);
        Assert.Equal(request.Timesteps, again.Timesteps);
        Assert.Equal(request.Sigmas, again.Sigmas);
        Assert.Equal(
            request,
            again with
            {
                ControlWeights = request.ControlWeights, AdapterWeights = request.AdapterWeights,
                IpAdapterWeights = request.IpAdapterWeights, Timesteps = request.Timesteps, Sigmas = request.Sigmas,
            });
        string[] inputs =
        [
            "prompt_embeds", "negative_prompt_embeds", "initial_image", "mask", "control_images", "adapter_images", "reference_images",
            "image_prompts",
        ];
        Assert.Equal(GenerationMetadata.RequestKeys.Except(inputs), texts.Keys);
    }

    [Fact]
    public void A_file_without_timings_is_the_same_each_time()
    {
        using DiffusionPipeline pipeline = model.Builder().Build();
        GenerationResult result = pipeline.Generate(s_request);
        IReadOnlyDictionary<string, string> texts = PngText.Read(result.Images[1].ToPng());
        Assert.Equal("18446744073709551615", texts["seed"]);
        Assert.Equal(("3", "2.7", "24", "16"), (texts["steps"], texts["guidance_scale"], texts["width"], texts["height"]));
        Assert.Equal(("DdimScheduler", "model"), (texts["scheduler"], texts["model"]));
        Assert.Equal(result.Timings.Denoising.TotalSeconds, double.Parse(texts["denoising_seconds"], CultureInfo.InvariantCulture), 0.001);

        Assert.Equal(result.Images[2].ToPng(timings: false), pipeline.Generate(s_request).Images[2].ToPng(timings: false));
        Assert.DoesNotContain("denoising_seconds", PngText.Read(result.Images[2].ToPng(timings: false)));
    }

    [Fact]
    public void Every_property_that_changes_the_image_is_written()
    {
        string[] withoutEffect = [nameof(GenerationRequest.ImageCount), nameof(GenerationRequest.TimeLimit)];
        Assert.Equal(
            typeof(GenerationRequest).GetProperties()
                .Where(p => p.SetMethod is not null)
                .Select(p => p.Name)
                .Except(withoutEffect)
                .Order(StringComparer.Ordinal),
            GenerationMetadata.RequestKeys
                .Select(k => string.Concat(k.Split('_').Select(w => char.ToUpperInvariant(w[0]) + w[1..])))
                .Order(StringComparer.Ordinal));
    }

    [Theory]
    [InlineData("prompt", """{"3":{"class_type":"KSampler","inputs":{"seed":7,"steps":20}}}""", "graph of nodes")]
    [InlineData(
        "parameters",
        "a cat\nNegative prompt: bad\nSteps: 20, Sampler: DPM++ 2M Karras, CFG scale: 7, Seed: 42, Size: 16x16",
        "Stable Diffusion web UI")]
    [InlineData("workflow", "{}", "ComfyUI")]
    [InlineData("invokeai_metadata", "{}", "InvokeAI")]
    [InlineData("prompt", "a cat", "no 'negative_prompt'")]
    public void Files_of_other_programs_are_refused_by_name(string key, string value, string reason)
    {
        byte[] png = new SkiaImageCodec().EncodePng(new ImageBuffer(1, 1, new byte[3]), new Dictionary<string, string> { [key] = value });
        string message = Assert.Throws<InvalidDataException>(() => GenerationMetadata.ReadRequest(png)).Message;
        Assert.Contains("was not written by this library", message, StringComparison.Ordinal);
        Assert.Contains(reason, message, StringComparison.Ordinal);
        if (value.StartsWith('{')) Assert.Throws<InvalidDataException>(() => GenerationMetadata.ToRequest(PngText.Read(png)));
    }

    [Fact]
    public void A_prompt_in_json_is_read_back()
    {
        GenerationRequest request = s_request with { Prompt = """{ "subject": { "kind": "bird" } }""", ImageCount = 1 };
        byte[] png = new SkiaImageCodec().EncodePng(new ImageBuffer(1, 1, new byte[3]), GenerationMetadata.TextsOf(request));
        Assert.Equal(request, GenerationMetadata.ReadRequest(png));
    }

    [Theory]
    [InlineData("guidance_scale", "1,5")]
    [InlineData("strength", "0,5")]
    [InlineData("steps", "1,000")]
    [InlineData("width", "1.6e1")]
    [InlineData("steps", "many")]
    [InlineData("seed", "-1")]
    [InlineData("width", "99999999999")]
    public void A_text_that_is_no_number_is_named(string key, string value)
    {
        var e = Assert.Throws<InvalidDataException>(
            () => GenerationMetadata.ToRequest(new Dictionary<string, string> { ["prompt"] = "a", [key] = value }));
        Assert.Contains($"'{key}' is '{value}'", e.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_file_that_does_not_say_how_it_was_made_is_refused()
    {
        byte[] png = new SkiaImageCodec().EncodePng(
            new ImageBuffer(1, 1, new byte[3]),
            new Dictionary<string, string> { ["Software"] = "other" });
        Assert.Contains(
            "no text 'prompt'",
            Assert.Throws<InvalidDataException>(() => GenerationMetadata.ReadRequest(png)).Message,
            StringComparison.Ordinal);
        Assert.Throws<InvalidDataException>(() => GenerationMetadata.ReadRequest("not an image"u8));
    }

    [Theory]
    [InlineData("image/png", 0)]
    [InlineData("image/jpeg", 24)]
    [InlineData("IMAGE/WEBP", 24)]
    public void The_codec_writes_what_it_says(string mediaType, int tolerance)
    {
        IImageCodec codec = new SkiaImageCodec();
        Assert.Contains(mediaType, codec.MediaTypes, StringComparer.OrdinalIgnoreCase);
        var image = new ImageBuffer(
            32,
            16,
            [.. Enumerable.Range(0, 32 * 16).SelectMany(i => new[] { (byte)(i % 32 * 8), (byte)(i / 32 * 16), (byte)100 })]);
        byte[] file = codec.Encode(image, mediaType);
        Assert.True(
            mediaType.ToLowerInvariant() switch
            {
                "image/png" => file[1..4].SequenceEqual("PNG"u8.ToArray()),
                "image/jpeg" => file is [0xff, 0xd8, ..],
                _ => file[8..12].SequenceEqual("WEBP"u8.ToArray())
            });
        byte[] back = codec.Decode(file).Rgb.ToArray();
        Assert.All(back.Zip(image.Rgb.ToArray()), p => Assert.InRange(p.First - p.Second, -tolerance, tolerance));
        Assert.Contains(
            "image/jpeg",
            Assert.Throws<NotSupportedException>(() => codec.Encode(image, "image/gif")).Message,
            StringComparison.Ordinal);
    }

    [Fact]
    public void A_custom_codec_writes_png_alone_unless_it_says_more()
    {
        IImageCodec codec = new PlainCodec();
        Assert.Equal(["image/png"], codec.MediaTypes);
        Assert.Equal([1], codec.Encode(new ImageBuffer(1, 1, new byte[3]), "image/png"));
        Assert.Contains(
            "it writes image/png",
            Assert.Throws<NotSupportedException>(() => codec.Encode(new ImageBuffer(1, 1, new byte[3]), "image/jpeg")).Message,
            StringComparison.Ordinal);
    }

    private sealed class PlainCodec : IImageCodec
    {
        public byte[] EncodePng(ImageBuffer image, IReadOnlyDictionary<string, string>? metadata = null) => [1];

        public ImageBuffer Decode(ReadOnlySpan<byte> file) => throw new NotSupportedException();
    }
}
