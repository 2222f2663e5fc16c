#pragma warning disable MEAI001 // IImageGenerator is experimental, and this is its test.
using System.Diagnostics;
using System.Drawing;
using System.Text.Json;
using LatentDiffusion.Tests.Diagnostics;
using LatentDiffusion.Tests.Pipelines;
using Microsoft.Extensions.AI;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using SkiaSharp;
using Xunit;

namespace LatentDiffusion.Tests.ImageGeneration;

/// <summary>The pipeline behind the interface of Microsoft.Extensions.AI, over all that the interface has.</summary>
public sealed class ImageGeneratorTests : IClassFixture<TinyModel>, IDisposable
{
    private readonly TinyModel _model;
    private readonly DiffusionPipeline _pipeline;
    private readonly IImageGenerator _generator;

    public ImageGeneratorTests(TinyModel model)
    {
        _model = model;
        _pipeline = model.Builder().Configure(o => o.Steps = 2).Build();
        _generator = _pipeline.AsImageGenerator();
    }

    public void Dispose() => _pipeline.Dispose();

    [Fact]
    public async Task A_prompt_gives_one_png_with_what_gave_it()
    {
        ImageGenerationResponse response = await _generator.GenerateImagesAsync("a blue bird");
        var content = Assert.IsType<DataContent>(Assert.Single(response.Contents));
        Assert.Equal("image/png", content.MediaType);
        var result = Assert.IsType<GenerationResult>(response.RawRepresentation);
        Assert.Same(result.Images[0], content.RawRepresentation);
        Assert.Equal($"{result.Images[0].Seed}", content.AdditionalProperties!["seed"]);
        Assert.Equal("a blue bird", GenerationMetadata.ReadRequest(content.Data.Span).Prompt);
        Assert.Equal(result.Images[0].Image.Rgb.ToArray(), new SkiaImageCodec().Decode(content.Data.Span).Rgb.ToArray());
    }

    [Fact]
    public async Task Count_size_and_media_type_are_followed()
    {
        ImageGenerationResponse response = await _generator.GenerateAsync(
            new ImageGenerationRequest("a blue bird"),
            new ImageGenerationOptions
            {
                Count = 3, ImageSize = new Size(24, 16), MediaType = "image/jpeg",
                ResponseFormat = ImageGenerationResponseFormat.Data,
                ModelId = "model", StreamingCount = 0,
            });
        Assert.Equal(3, response.Contents.Count);
        Assert.All(response.Contents.Cast<DataContent>(), content =>
        {
            Assert.Equal("image/jpeg", content.MediaType);
            ImageBuffer image = new SkiaImageCodec().Decode(content.Data.Span);
            Assert.Equal((24, 16), (image.Width, image.Height));
        });
    }

    [Fact]
    public async Task A_raw_request_is_completed_from_the_other_options()
    {
        IImageGenerator? asked = null;
        var own = new GenerationRequest { Prompt = "not this", NegativePrompt = "red", Seed = 9, Steps = 3, GuidanceScale = 2, Width = 32 };
        GenerationResult result = await Generate(new ImageGenerationOptions
        {
            Count = 2, ImageSize = new Size(24, 16), RawRepresentationFactory = g => { asked = g; return own; },
        });
        Assert.Same(_generator, asked);
        Assert.Equal(own with { Prompt = "a blue bird", ImageCount = 2, Height = 16 }, result.Request);
        Assert.Equal(_pipeline.Generate(result.Request).Images[1].Image.Rgb.ToArray(), result.Images[1].Image.Rgb.ToArray());

        ImageGenerationResponse response = await _generator.GenerateAsync(
            new ImageGenerationRequest(),
            new ImageGenerationOptions { RawRepresentationFactory = _ => own with { ImageCount = 4 }, Count = 2 });
        Assert.Equal(own with { ImageCount = 4, Height = 16 }, Assert.IsType<GenerationResult>(response.RawRepresentation).Request);

        Assert.Equal(2, (await Generate(new ImageGenerationOptions { RawRepresentationFactory = _ => null })).Request.Steps);
    }

    [Fact]
    public async Task Additional_properties_set_what_the_interface_lacks()
    {
        GenerationResult result = await Generate(new ImageGenerationOptions
        {
            AdditionalProperties = new()
            {
                ["seed"] = 5, ["steps"] = "4", ["guidance_scale"] = 2.5,
                ["negative_prompt"] = "red", ["height"] = JsonDocument.Parse("24").RootElement
            },
        });
        GenerationRequest request = result.Request;
        Assert.Equal(
            (5UL, 4, 2.5, "red", 24),
            (request.Seed!.Value, request.Steps!.Value, request.GuidanceScale!.Value, request.NegativePrompt, request.Height!.Value));
    }

    public static TheoryData<string, Type, string> Refused => new()
    {
        { "uri", typeof(NotSupportedException), "ResponseFormat is Uri" },
        { "hosted", typeof(NotSupportedException), "ResponseFormat is Hosted" },
        { "gif", typeof(NotSupportedException), "MediaType is 'image/gif'; the codec writes image/png, image/jpeg, image/webp" },
        { "streaming", typeof(NotSupportedException), "StreamingCount is 2" },
        { "model", typeof(ArgumentException), "ModelId is 'dall-e'; this generator runs only 'model'" },
        { "count", typeof(ArgumentException), "ImageCount is 0" },
        { "size", typeof(ArgumentException), "Width is 17" },
        { "raw", typeof(ArgumentException), "RawRepresentationFactory returned a System.String" },
        { "unknown", typeof(ArgumentException), "AdditionalProperties has 'stesp'; known are prompt, negative_prompt, seed" },
        { "number", typeof(ArgumentException), "AdditionalProperties has 'steps' of 'many'" },
        { "steps", typeof(ArgumentException), "Steps is 0" },
    };

    [Theory, MemberData(nameof(Refused))]
    public async Task What_cannot_be_done_is_refused_by_name(string what, Type type, string message)
    {
        ImageGenerationOptions options = what switch
        {
            "uri" => new() { ResponseFormat = ImageGenerationResponseFormat.Uri },
            "hosted" => new() { ResponseFormat = ImageGenerationResponseFormat.Hosted },
            "gif" => new() { MediaType = "image/gif" },
            "streaming" => new() { StreamingCount = 2 },
            "model" => new() { ModelId = "dall-e" },
            "count" => new() { Count = 0 },
            "size" => new() { ImageSize = new Size(17, 16) },
            "raw" => new() { RawRepresentationFactory = _ => "text" },
            "unknown" => new() { AdditionalProperties = new() { ["stesp"] = 4 } },
            "number" => new() { AdditionalProperties = new() { ["steps"] = "many" } },
            _ => new() { AdditionalProperties = new() { ["steps"] = 0 } },
        };
        Exception e = (await Record.ExceptionAsync(() => Generate(options)))!;
        Assert.IsType(type, e);
        Assert.StartsWith(message, e.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Refusals_of_long_values_are_short()
    {
        string text = new('x', 20_000);
        ImageGenerationOptions[] wrong =
        [
            new() { MediaType = text },
            new() { ModelId = text },
            new() { AdditionalProperties = new() { [text] = 1 } },
            new() { AdditionalProperties = new() { ["steps"] = text } }
        ];
        foreach (ImageGenerationOptions options in wrong)
            Assert.InRange((await Record.ExceptionAsync(() => Generate(options)))!.Message.Length, 20, 1000);
    }

    [Fact]
    public async Task Editing_an_image_is_image_to_image()
    {
        DataContent edited = PngOf(24, 16);
        ImageGenerationResponse response = await _generator.EditImageAsync(edited, "more blue", new ImageGenerationOptions
        {
            AdditionalProperties = new() { ["strength"] = 0.5, ["seed"] = 4 },
        });
        var result = Assert.IsType<GenerationResult>(response.RawRepresentation);
        Assert.Equal((0.5, 24, 16), (result.Request.Strength!.Value, result.Request.Width!.Value, result.Request.Height!.Value));
        Assert.Equal(new SkiaImageCodec().Decode(edited.Data.Span).Rgb.ToArray(), result.Request.InitialImage!.Rgb.ToArray());
        Assert.Equal(_pipeline.Generate(result.Request).Images[0].Image.Rgb.ToArray(), result.Images[0].Image.Rgb.ToArray());
        Assert.NotEqual(
            _pipeline.Generate(result.Request with { InitialImage = null, Strength = null }).Images[0].Image.Rgb.ToArray(),
            result.Images[0].Image.Rgb.ToArray());

        // The size asked for is the result's, and a mask comes with a request of our own.
        var own = new GenerationRequest { Prompt = "", Mask = new ImageBuffer(24, 16, new byte[24 * 16 * 3]) };
        response = await _generator.EditImageAsync(
            edited,
            "more blue",
            new ImageGenerationOptions { ImageSize = new Size(16, 24), RawRepresentationFactory = _ => own });
        result = Assert.IsType<GenerationResult>(response.RawRepresentation);
        Assert.Equal((16, 24), (result.Images[0].Image.Width, result.Images[0].Image.Height));
        Assert.Same(own.Mask, result.Request.Mask);
        Assert.Null(
            Assert.IsType<GenerationResult>((await _generator.GenerateAsync(new ImageGenerationRequest("a", []))).RawRepresentation)
                .Request.InitialImage);
    }

    [Fact]
    public async Task Transparent_pixels_of_a_mask_or_of_the_image_are_repainted()
    {
        DataContent erased = new(Erased(24, 16), "image/png");
        ImageGenerationOptions masked = new() { AdditionalProperties = new() { ["mask"] = erased, ["seed"] = 4 } };
        foreach (ImageGenerationResponse response in (ImageGenerationResponse[])
            [await _generator.EditImageAsync(PngOf(24, 16), "more blue", masked), await _generator.EditImageAsync(erased, "more blue")])
        {
            GenerationRequest request = Assert.IsType<GenerationResult>(response.RawRepresentation).Request;
            Assert.Equal(new SkiaImageCodec().DecodeTransparency(erased.Data.Span)!.Rgb.ToArray(), request.Mask!.Rgb.ToArray());
            Assert.Equal(1, request.Strength);
        }

        masked.AdditionalProperties["strength"] = 0.5;
        ImageGenerationResponse weaker = await _generator.EditImageAsync(PngOf(24, 16), "more blue", masked);
        Assert.Equal(0.5, Assert.IsType<GenerationResult>(weaker.RawRepresentation).Request.Strength);
    }

    [Theory]
    [InlineData(true, "AdditionalProperties has a 'mask' without transparent")]
    [InlineData(false, "AdditionalProperties has 'mask' of 'mask.png'")]
    public async Task Masks_that_repaint_nothing_are_refused_by_name(bool isImage, string message)
    {
        ImageGenerationOptions options = new() { AdditionalProperties = new() { ["mask"] = isImage ? PngOf(24, 16) : "mask.png" } };
        var thrown = await Assert.ThrowsAsync<ArgumentException>(() => _generator.EditImageAsync(PngOf(24, 16), "more blue", options));
        Assert.StartsWith(message, thrown.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Original_images_that_cannot_be_taken_are_refused_by_name()
    {
        var two = await Assert.ThrowsAsync<NotSupportedException>(
            () => _generator.EditImagesAsync([PngOf(16, 16), PngOf(16, 16)], "more blue"));
        Assert.StartsWith("OriginalImages has 2 images", two.Message, StringComparison.Ordinal);
        var link = await Assert.ThrowsAsync<NotSupportedException>(() => _generator.GenerateAsync(
            new ImageGenerationRequest("more blue", [new UriContent("https://example.org/bird.png", "image/png")])));
        Assert.StartsWith("OriginalImages has a UriContent", link.Message, StringComparison.Ordinal);
        await Assert.ThrowsAsync<InvalidDataException>(
            () => _generator.EditImageAsync(new DataContent(new byte[] { 1 }, "image/png"), "more blue"));
    }

    [Fact]
    public async Task Original_images_of_any_size_become_the_nearest_size_of_the_model()
    {
        ImageGenerationResponse response = await _generator.EditImageAsync(PngOf(23, 9), "more blue");
        GenerationRequest request = Assert.IsType<GenerationResult>(response.RawRepresentation).Request;
        Assert.Equal((24, 10), (request.Width, request.Height));
        Assert.Equal((23, 9), (request.InitialImage!.Width, request.InitialImage.Height));
        var wrong = await Assert.ThrowsAsync<ArgumentException>(() => _generator.EditImageAsync(
            PngOf(23, 9), "more blue", new ImageGenerationOptions { ImageSize = new Size(15, 16) }));
        Assert.StartsWith("Width is 15", wrong.Message, StringComparison.Ordinal);
    }

    [Theory, InlineData("bird.png", "image/png"), InlineData("bird.jpg", "image/jpeg"), InlineData("bird.webp", "image/webp")]
    public async Task Images_are_read_from_bytes_of_every_supported_type(string name, string mediaType)
    {
        IImageCodec codec = new SkiaImageCodec();
        byte[] file = codec.Encode(codec.Decode(PngOf(24, 16).Data.Span), mediaType);
        ImageGenerationResponse response = await _generator.EditImageAsync(file, name, "more blue");
        Assert.Equal(
            codec.Decode(file).Rgb.ToArray(),
            Assert.IsType<GenerationResult>(response.RawRepresentation).Request.InitialImage!.Rgb.ToArray());
    }

    [Fact]
    public void The_interface_has_no_more_than_these_tests_know_of()
    {
        Assert.Equal(["GenerateAsync", "GetService"], Names(typeof(IImageGenerator).GetMethods()));
        Assert.Equal(
            [
                "AdditionalProperties", "Count", "ImageSize", "MediaType",
                "ModelId", "RawRepresentationFactory",
                "ResponseFormat", "StreamingCount"
            ],
            Names(typeof(ImageGenerationOptions).GetProperties()));
        Assert.Equal(["OriginalImages", "Prompt"], Names(typeof(ImageGenerationRequest).GetProperties()));
        Assert.Equal(["Contents", "RawRepresentation", "Usage"], Names(typeof(ImageGenerationResponse).GetProperties()));
        Assert.Equal(["DefaultModelId", "ProviderName", "ProviderUri"], Names(typeof(ImageGeneratorMetadata).GetProperties()));

        static IEnumerable<string> Names(IEnumerable<System.Reflection.MemberInfo> members) =>
            members.Select(m => m.Name).Order(StringComparer.Ordinal);
    }

    [Fact]
    public async Task The_callers_options_and_request_stay_as_they_were()
    {
        var options = new ImageGenerationOptions
        {
            Count = 2, ImageSize = new Size(16, 24), MediaType = "image/png",
            ModelId = "model", ResponseFormat = ImageGenerationResponseFormat.Data, StreamingCount = 0,
            AdditionalProperties = new() { ["steps"] = 2 },
        };
        var request = new ImageGenerationRequest("a blue bird", [PngOf(16, 16)]);
        string before = Json();
        Assert.Contains("a blue bird", before, StringComparison.Ordinal);
        ImageGenerationResponse response = await _generator.GenerateAsync(request, options);
        Assert.Equal(before, Json());
        // Nothing is counted in tokens.
        Assert.Null(response.Usage);

        string Json() =>
            JsonSerializer.Serialize(options, AIJsonUtilities.DefaultOptions)
            + JsonSerializer.Serialize(request, AIJsonUtilities.DefaultOptions);
    }

    [Fact]
    public async Task Calls_at_once_each_give_the_image_of_their_seed()
    {
        GenerationResult[] results = await Task.WhenAll(
            Enumerable.Range(0, 6)
                .Select(i =>
                    Generate(new ImageGenerationOptions { AdditionalProperties = new() { ["seed"] = i % 3 } })));
        for (int i = 0; i < 3; i++)
        {
            Assert.Equal(results[i].Images[0].Image.Rgb.ToArray(), results[i + 3].Images[0].Image.Rgb.ToArray());
            Assert.NotEqual(results[i].Images[0].Image.Rgb.ToArray(), results[(i + 1) % 3].Images[0].Image.Rgb.ToArray());
        }
    }

    [Fact]
    public async Task Every_setting_of_a_request_has_its_additional_property()
    {
        var properties = new AdditionalPropertiesDictionary
        {
            ["prompt"] = "a star", ["negative_prompt"] = "red",
            ["seed"] = ulong.MaxValue, ["variation_seed"] = 7, ["variation_strength"] = 0.25f,
            ["steps"] = 3L, ["guidance_scale"] = "2.5",
            ["width"] = 24, ["height"] = 16, ["strength"] = 0.7, ["upscale"] = """{ "width": 32, "height": 24, "strength": 0.5 }""",
            ["final_upscale"] = """{ "width": 40, "upscaler": "nearest" }""", ["eta"] = 0.5, ["timesteps"] = "[900, 500, 100]",
            ["scheduler_name"] = "DDIM", ["clip_skip"] = 1,
        };
        ImageGenerationResponse response = await _generator.EditImageAsync(
            PngOf(16, 16),
            "a blue bird",
            new ImageGenerationOptions { AdditionalProperties = properties });
        GenerationRequest request = Assert.IsType<GenerationResult>(response.RawRepresentation).Request;
        Assert.Equal(
            new GenerationRequest
            {
                Prompt = "a star", NegativePrompt = "red",
                Seed = ulong.MaxValue, VariationSeed = 7, VariationStrength = 0.25,
                Steps = 3, GuidanceScale = 2.5,
                Width = 24, Height = 16, Strength = 0.7,
                Upscale = new LatentUpscaling { Width = 32, Height = 24, Strength = 0.5 },
                FinalUpscale = new ImageUpscaling { Width = 40, Height = 30, Upscaler = "nearest" },
                InitialImage = request.InitialImage,
                Eta = 0.5, Timesteps = request.Timesteps, SchedulerName = "DDIM", ClipSkip = 1,
            },
            request);
        Assert.Equal([900, 500, 100], request.Timesteps);

        // The others are for models of another kind, which refuse them by name, or are not text.
        var refused = new Dictionary<string, string>
        {
            ["control_weights"] = """[{ "scale": 0.5 }]""", ["churn"] = """{ "churn": 1 }""", ["sigmas"] = "[5, 1]", ["mu"] = "1",
            ["size_conditioning_input"] = "{}", ["negative_size_conditioning_input"] = "{}", ["image_guidance_scale"] = "1.5",
            ["adapter_weights"] = """[{ "scale": 0.5 }]""", ["ip_adapter_weights"] = """[{ "scale": 0.5 }]""",
            ["inpainting"] = """{ "mask_blur": 4 }""",
        };
        string[] others =
        [
            .. refused.Keys, "prompt_embeds", "negative_prompt_embeds", "initial_image", "mask", "control_images", "adapter_images",
            "reference_images", "image_prompts",
        ];
        Assert.Equal(
            GenerationMetadata.RequestKeys.Order(StringComparer.Ordinal),
            properties.Keys.Concat(others).Order(StringComparer.Ordinal));
        foreach (string key in others)
        {
            string value = refused.GetValueOrDefault(key, "{}"),
                name = string.Concat(key.Split('_').Select(w => char.ToUpperInvariant(w[0]) + w[1..]));
            var e = await Assert.ThrowsAsync<ArgumentException>(
                () => Generate(new ImageGenerationOptions { AdditionalProperties = new() { [key] = value } }));
            string start = key is "churn" or "sigmas" or "mu" ? $"DdimScheduler cannot run with {name} "
                : refused.ContainsKey(key) ? $"{name} is "
                : $"AdditionalProperties has '{key}'";
            Assert.StartsWith(start, e.Message, StringComparison.Ordinal);
        }
    }

    /// <summary>A PNG file whose left half is transparent.</summary>
    private static byte[] Erased(int width, int height)
    {
        using var bitmap = new SKBitmap(width, height, SKColorType.Rgba8888, SKAlphaType.Unpremul);
        bitmap.Erase(SKColors.Blue);
        bitmap.Erase(SKColors.Transparent, new SKRectI(0, 0, width / 2, height));
        return bitmap.Encode(SKEncodedImageFormat.Png, 100).ToArray();
    }

    private static DataContent PngOf(int width, int height) => new(
        new SkiaImageCodec().EncodePng(
            new ImageBuffer(width, height, [.. Enumerable.Range(0, width * height * 3).Select(i => (byte)(i * 7))])),
        "image/png");

    [Fact]
    public async Task Null_and_cancellation_are_what_they_are_everywhere()
    {
        await Assert.ThrowsAsync<ArgumentNullException>(() => _generator.GenerateAsync(null!));
        await Assert.ThrowsAsync<ArgumentException>(() => _generator.GenerateAsync(new ImageGenerationRequest()));
        Assert.Throws<ArgumentNullException>(() => _generator.GetService(null!));
        Assert.Throws<ArgumentNullException>(() => ((DiffusionPipeline)null!).AsImageGenerator());
        using var cancelled = new CancellationTokenSource();
        await cancelled.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => _generator.GenerateImagesAsync("a", null, cancelled.Token));
    }

    [Fact]
    public async Task Services_are_the_metadata_the_pipeline_and_the_generator()
    {
        var metadata = _generator.GetRequiredService<ImageGeneratorMetadata>();
        Assert.Equal(("latent_diffusion", null, "model"), (metadata.ProviderName, metadata.ProviderUri, metadata.DefaultModelId));
        Assert.Same(_pipeline, _generator.GetService<DiffusionPipeline>());
        Assert.Same(_generator, _generator.GetService<IImageGenerator>());
        Assert.Same(_generator, _generator.GetService<DiffusionImageGenerator>());
        Assert.Null(_generator.GetService<ImageGeneratorMetadata>("key"));
        Assert.Null(_generator.GetService<ILogger>());
        Assert.Throws<InvalidOperationException>(() => _generator.GetRequiredService<ILogger>());
        _generator.Dispose();
        _generator.Dispose();
        Assert.Single((await _generator.GenerateImagesAsync("still there")).Contents);

        // The pipeline's end is the generator's.
        DiffusionPipeline pipeline = _model.Builder().Build();
        using IImageGenerator generator = pipeline.AsImageGenerator();
        pipeline.Dispose();
        await Assert.ThrowsAsync<ObjectDisposedException>(() => generator.GenerateImagesAsync("a"));
    }

    [Fact]
    public async Task Logging_and_telemetry_of_the_abstraction_work_over_it()
    {
        using var log = new LogRecorder();
        using TelemetryRecorder recorder = new("images", "told"), own = new(LatentDiffusionDiagnostics.ActivitySourceName, "told");
        using DiffusionPipeline pipeline = _model.Builder().Configure(o => (o.Steps, o.ModelId) = (2, "told")).Build();
        using IImageGenerator generator = pipeline.AsImageGenerator().AsBuilder()
            .ConfigureOptions(o => o.Count = 2)
            .UseLogging(log)
            .UseOpenTelemetry(log, "images", g => g.EnableSensitiveData = true)
            .Build();
        ImageGenerationResponse response = await generator.GenerateImagesAsync(
            "a blue bird",
            new ImageGenerationOptions { ImageSize = new Size(16, 24) });
        Assert.Equal(2, response.Contents.Count);

        Assert.Contains(
            log.Lines,
            l => l.Text.Contains("GenerateAsync invoked", StringComparison.Ordinal)
                && l.Text.Contains("a blue bird", StringComparison.Ordinal));
        Assert.Contains(log.Lines, l => l.Text.Contains("GenerateAsync completed", StringComparison.Ordinal));
        Activity span = Assert.Single(recorder.Spans);
        Assert.Equal(("generate_content told", ActivityKind.Client), (span.DisplayName, span.Kind));
        Assert.Equal(span.SpanId, Assert.Single(own.Spans).ParentSpanId);
        Assert.Equal("latent_diffusion", span.GetTagItem("gen_ai.provider.name"));
        Assert.Equal(24, span.GetTagItem("gen_ai.request.image.height"));
        Assert.Contains("a blue bird", (string)span.GetTagItem("gen_ai.input.messages")!, StringComparison.Ordinal);
        Assert.Single(recorder.Values("gen_ai.client.operation.duration"));

        await Assert.ThrowsAsync<ArgumentException>(
            () => generator.GenerateImagesAsync("a", new ImageGenerationOptions { ImageSize = new Size(1, 1) }));
        Assert.Single(own.Spans);
        Assert.Equal(typeof(ArgumentException).FullName, recorder.Spans.Last().GetTagItem("error.type"));
        Assert.Contains(log.Lines, l => l.Level == LogLevel.Error && l.Text.Contains("GenerateAsync failed", StringComparison.Ordinal));
        Assert.Same(pipeline, generator.GetService<DiffusionPipeline>());
        Assert.Equal("told", generator.GetRequiredService<ImageGeneratorMetadata>().DefaultModelId);
    }

    [Fact]
    public async Task The_abstractions_own_registration_takes_it()
    {
        var services = new ServiceCollection();
        services.AddSingleton(_pipeline);
        services.AddImageGenerator(p => p.GetRequiredService<DiffusionPipeline>().AsImageGenerator()).ConfigureOptions(o => o.Count = 2);
        await using ServiceProvider provider = services.BuildServiceProvider();
        Assert.Equal(2, (await provider.GetRequiredService<IImageGenerator>().GenerateImagesAsync("a blue bird")).Contents.Count);
    }

    private async Task<GenerationResult> Generate(ImageGenerationOptions options) =>
        Assert.IsType<GenerationResult>(
            (await _generator.GenerateAsync(new ImageGenerationRequest("a blue bird"), options)).RawRepresentation);
}
