using LatentDiffusion.Tests.Pipelines;
using Xunit;
using static TorchSharp.torch;

namespace LatentDiffusion.Tests.Upscaling;

/// <summary>Upscalers after the last pass of a pipeline, and between two passes.</summary>
public sealed class UpscalerPipelineTests(TinyModel model, UpscalerFiles files) : IClassFixture<TinyModel>, IClassFixture<UpscalerFiles>
{
    private static readonly GenerationRequest s_request = new()
    {
        Prompt = "a blue bird", Seed = 3, Steps = 4, GuidanceScale = 4, Width = 16, Height = 24,
    };

    [Theory, InlineData("lanczos"), InlineData("Nearest"), InlineData("rrdb-x4"), InlineData("small")]
    public void Images_are_enlarged_after_decoding(string name)
    {
        using DiffusionPipeline pipeline = Builder().Build();
        using ImageUpscaler rrdb = ImageUpscaler.Open(files.Rrdb(), CPU), small = ImageUpscaler.Open(files.Compact(), CPU);
        IImageUpscaler upscaler = KnownUpscalers.TryGet(name, out IImageUpscaler? known) ? known : name == "small" ? small : rrdb;
        ImageBuffer plain = pipeline.Generate(s_request).Images[0].Image, expected = upscaler.Upscale(plain, 40, 60);
        GenerationRequest request = s_request with { FinalUpscale = new ImageUpscaling { Scale = 2.5, Upscaler = name } };
        GenerationResult result = pipeline.Generate(request);
        GeneratedImage image = result.Images[0];
        Assert.Equal(expected.Rgb.ToArray(), image.Image.Rgb.ToArray());
        Assert.Equal(new ImageUpscaling { Width = 40, Height = 60, Upscaler = name }, result.Request.FinalUpscale);

        // From the file of the image comes the same image.
        GenerationRequest again = GenerationMetadata.ReadRequest(image.ToPng());
        Assert.Equal(result.Request.FinalUpscale, again.FinalUpscale);
        Assert.Equal(expected.Rgb.ToArray(), pipeline.Generate(again).Images[0].Image.Rgb.ToArray());
        Assert.Equal("""["rrdb-x4","small"]""", image.Metadata["upscalers"]);
        Assert.Contains("upscaling_seconds", image.Metadata.Keys);
        Assert.InRange(result.Timings.Upscaling, TimeSpan.FromTicks(1), result.Timings.Total);
    }

    [Theory]
    [InlineData(null, null, null, 64, 96), InlineData(1.5, null, null, 24, 36), InlineData(null, 40, null, 40, 60)]
    [InlineData(null, null, 30, 20, 30), InlineData(null, 50, 30, 50, 30), InlineData(1.0, null, null, 16, 24)]
    [InlineData(1.03, null, null, 16, 25)]
    public void The_final_size_follows_from_what_is_given(double? scale, int? width, int? height, int finalWidth, int finalHeight)
    {
        using DiffusionPipeline pipeline = Builder().Build();
        var upscaling = new ImageUpscaling { Scale = scale, Width = width, Height = height };
        GenerationResult result = pipeline.Generate(s_request with { FinalUpscale = upscaling, Steps = 1 });
        Assert.Equal((finalWidth, finalHeight), (result.Images[0].Image.Width, result.Images[0].Image.Height));
        Assert.Equal("rrdb-x4", result.Request.FinalUpscale!.Upscaler);
    }

    [Fact]
    public void Without_an_upscaler_of_the_builder_the_filter_is_used()
    {
        using DiffusionPipeline pipeline = model.Builder().Build();
        GenerationResult result = pipeline.Generate(s_request with { FinalUpscale = new ImageUpscaling() });
        Assert.Equal(new ImageUpscaling { Width = 32, Height = 48, Upscaler = "lanczos" }, result.Request.FinalUpscale);
        Assert.DoesNotContain("upscalers", result.Images[0].Metadata.Keys);
        ImageBuffer plain = pipeline.Generate(s_request).Images[0].Image;
        Assert.Equal(plain.Resize(32, 48).Rgb.ToArray(), result.Images[0].Image.Rgb.ToArray());
    }

    [Fact]
    public void Requests_of_one_call_may_have_different_final_sizes()
    {
        using DiffusionPipeline pipeline = Builder().Configure(o => o.BatchSize = 3).Build();
        IReadOnlyList<GenerationResult> results = pipeline.Generate(
        [
            s_request with { FinalUpscale = new ImageUpscaling { Scale = 2, Upscaler = "nearest" } }, s_request with { ImageCount = 2 },
            s_request with { FinalUpscale = new ImageUpscaling { Width = 48 } },
        ]);
        Assert.Equal([32, 16, 16, 48], results.SelectMany(r => r.Images).Select(i => i.Image.Width));
        ImageBuffer plain = results[1].Images[0].Image;
        Assert.Equal(KnownUpscalers.Nearest.Upscale(plain, 32, 48).Rgb.ToArray(), results[0].Images[0].Image.Rgb.ToArray());
    }

    [Theory, InlineData("nearest"), InlineData("lanczos"), InlineData("rrdb-x4")]
    public void Between_two_passes_it_is_image_to_image(string name)
    {
        using DiffusionPipeline pipeline = Builder().UseScheduler("euler-a").Build();
        using ImageUpscaler rrdb = ImageUpscaler.Open(files.Rrdb(), CPU);
        IImageUpscaler upscaler = KnownUpscalers.TryGet(name, out IImageUpscaler? known) ? known : rrdb;
        ImageBuffer between = upscaler.Upscale(pipeline.Generate(s_request).Images[0].Image, 32, 40);
        ImageBuffer expected = pipeline.Generate(
            s_request with { InitialImage = between, Width = 32, Height = 40, Strength = 0.5 }).Images[0].Image;
        GenerationRequest request = s_request with
        {
            Upscale = new LatentUpscaling { Width = 32, Height = 40, Strength = 0.5, Upscaler = name },
        };
        GeneratedImage found = pipeline.Generate(request).Images[0];
        Assert.Equal(expected.Rgb.ToArray(), found.Image.Rgb.ToArray());
        Assert.NotEqual(
            expected.Rgb.ToArray(),
            pipeline.Generate(request with { Upscale = request.Upscale with { Upscaler = null } }).Images[0].Image.Rgb.ToArray());

        // Each image of a batch, and the one of the file, is the same.
        GenerationResult batch = pipeline.Generate(request with { Seed = request.Seed - 1, ImageCount = 2 });
        Assert.Equal(expected.Rgb.ToArray(), batch.Images[1].Image.Rgb.ToArray());
        Assert.Equal(request.Upscale, GenerationMetadata.ReadRequest(found.ToPng()).Upscale);
    }

    [Fact]
    public void With_a_mask_the_enlarged_image_is_repainted_and_the_initial_image_preserved()
    {
        using DiffusionPipeline pipeline = Builder().Build();
        GenerationRequest request = s_request with
        {
            InitialImage = TaskImages.Image,
            Mask = TaskImages.Create(24, 16, (x, _) => x < 12 ? ((byte)255, (byte)255, (byte)255) : default),
            Strength = 1, Width = 24, Height = 16,
            Upscale = new LatentUpscaling { Width = 48, Height = 32, Strength = 0.5, Upscaler = "nearest" },
        };
        ImageBuffer pixels = pipeline.Generate(request).Images[0].Image;
        ImageBuffer latents = pipeline.Generate(request with { Upscale = request.Upscale with { Upscaler = null } }).Images[0].Image;
        // The tiny autoencoder sees a few pixels beyond the border of the mask.
        Assert.NotEqual(latents.Crop(0, 0, 24, 32).Rgb.ToArray(), pixels.Crop(0, 0, 24, 32).Rgb.ToArray());
        Assert.Equal((48, 32), (pixels.Width, pixels.Height));
    }

    [Fact]
    public void A_final_upscale_enlarges_the_second_pass()
    {
        using var upscaler = new RecordingUpscaler();
        using DiffusionPipeline pipeline = model.Builder().UseUpscaler(upscaler, "mine").Build();
        GenerationResult result = pipeline.Generate(s_request with
        {
            Upscale = new LatentUpscaling { Width = 32, Height = 48, Upscaler = "MINE" }, FinalUpscale = new ImageUpscaling(),
        });
        Assert.Equal((96, 144), (result.Images[0].Image.Width, result.Images[0].Image.Height));
        Assert.Equal(["16 x 24 to 32 x 48", "32 x 48 to 96 x 144"], upscaler.Seen);
    }

    [Fact]
    public void An_upscaler_of_the_caller_is_moved_for_its_stage_and_stays_the_callers()
    {
        var upscaler = new RecordingUpscaler();
        using (DiffusionPipeline pipeline = model.Builder().UseUpscaler(upscaler).UseOffload().Build())
            pipeline.Generate(s_request with { FinalUpscale = new ImageUpscaling { Scale = 2, Upscaler = "recording" } });
        Assert.Equal(["move", "move", "16 x 24 to 32 x 48", "move"], upscaler.Seen);
    }

    [Fact]
    public async Task It_stops_while_an_image_is_enlarged()
    {
        using var upscaler = new RecordingUpscaler();
        using var stop = new CancellationTokenSource();
        using DiffusionPipeline pipeline = model.Builder().UseUpscaler(upscaler).Build();
        GenerationRequest request = s_request with { FinalUpscale = new ImageUpscaling() };
        upscaler.BeforeWork = _ => stop.Cancel();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => pipeline.GenerateAsync(request, cancellationToken: stop.Token));
        upscaler.BeforeWork = token => token.WaitHandle.WaitOne(TimeSpan.FromSeconds(60));
        await Assert.ThrowsAsync<TimeoutException>(() => pipeline.GenerateAsync(request with { TimeLimit = TimeSpan.FromSeconds(2) }));
        Assert.Empty(upscaler.Seen);
    }

    [Fact]
    public void Wrong_requests_are_refused()
    {
        using DiffusionPipeline pipeline = Builder().Build();
        Refused(
            new ImageUpscaling { Upscaler = "esrgan" },
            "FinalUpscale.Upscaler is 'esrgan'; expected one of rrdb-x4, small, lanczos, nearest");
        Refused(new ImageUpscaling { Scale = 0.5 }, "FinalUpscale.Scale is 0.5; expected from 1 to 16");
        Refused(new ImageUpscaling { Scale = double.NaN }, "FinalUpscale.Scale is NaN; expected from 1 to 16");
        Refused(new ImageUpscaling { Scale = 2, Width = 32 }, "FinalUpscale.Scale is 2; expected none together with a width or height");
        Refused(new ImageUpscaling { Width = 0 }, "FinalUpscale.Width is 0; expected from 1 to 65535");
        Refused(new ImageUpscaling { Height = 65_536 }, "FinalUpscale.Height is 65536; expected from 1 to 65535");
        Refused(new ImageUpscaling { Width = 60_000, Height = 60_000 }, "FinalUpscale is 60000 x 60000 pixels; expected at most");
        string message = Assert.Throws<ArgumentException>(() => pipeline.Generate(
            s_request with { Upscale = new LatentUpscaling { Width = 32, Height = 48, Upscaler = "x" } })).Message;
        Assert.StartsWith("Upscale.Upscaler is 'x'; expected one of rrdb-x4, small, lanczos, nearest", message, StringComparison.Ordinal);

        void Refused(ImageUpscaling upscaling, string message) => Assert.StartsWith(
            message,
            Assert.Throws<ArgumentException>(() => pipeline.Generate(s_request with { FinalUpscale = upscaling })).Message,
            StringComparison.Ordinal);
    }

    [Fact]
    public void Limits_count_the_final_image()
    {
        using var upscaler = new RecordingUpscaler { Bytes = 1L << 40 };
        GenerationRequest request = s_request with { FinalUpscale = new ImageUpscaling { Scale = 2 } };
        using (DiffusionPipeline pipeline = model.Builder().Configure(o => o.MaximumPixels = 1000).Build())
        {
            var pixels = Assert.Throws<GenerationLimitException>(() => pipeline.Generate(request));
            Assert.Equal(("MaximumPixels", 32 * 48L), (pixels.Limit, pixels.Requested));
        }

        using (DiffusionPipeline pipeline = model.Builder().UseUpscaler(upscaler).Configure(o => o.MaximumMemory = 1L << 30).Build())
        {
            Assert.Single(pipeline.Generate(s_request).Images);
            var memory = Assert.Throws<GenerationLimitException>(() => pipeline.Generate(request));
            Assert.Equal("MaximumMemory", memory.Limit);
            Assert.InRange(memory.Requested, upscaler.Bytes, 2 * upscaler.Bytes);
        }
    }

    [Fact]
    public void Wrong_upscalers_are_refused_when_the_pipeline_is_built()
    {
        string path = files.Rrdb();
        Assert.Contains(
            "Two upscalers are named 'rrdb-x4'",
            Assert.Throws<InvalidOperationException>(() => model.Builder().UseUpscaler(path).UseUpscaler(path).Build()).Message,
            StringComparison.Ordinal);
        Assert.Contains(
            "Two upscalers are named 'Lanczos'",
            Assert.Throws<InvalidOperationException>(() => model.Builder().UseUpscaler(path, "Lanczos").Build()).Message,
            StringComparison.Ordinal);
        Assert.Throws<CheckpointException>(
            () => model.Builder().UseUpscaler(Path.Combine(model.Folder, "unet", "diffusion_pytorch_model.safetensors")).Build());
        Assert.Throws<FileNotFoundException>(() => model.Builder().UseUpscaler(files["nowhere.pth"]).Build());
        Assert.Throws<ArgumentException>("name", () => model.Builder().UseUpscaler(path, " "));
    }

    private DiffusionPipelineBuilder Builder() => model.Builder().UseUpscaler(files.Rrdb()).UseUpscaler(files.Compact(), "small");
}
