#pragma warning disable MEAI001 // IImageGenerator is experimental.
using LatentDiffusion.Tests.Families;
using Microsoft.Extensions.AI;
using TorchSharp;
using Xunit;
using static TorchSharp.torch;

namespace LatentDiffusion.Tests.Pipelines;

/// <summary>Editing with reference images through the public builder.</summary>
public sealed class ReferenceImageTests(TransformerFolders folders) : IClassFixture<TransformerFolders>
{
    private static readonly ImageBuffer s_one = Image(64, 64, 1), s_other = Image(96, 64, 2);

    private static readonly GenerationRequest s_request =
        new() { Prompt = "a red star", Seed = 7, Steps = 2, Width = 32, Height = 32 };

    private static readonly GenerationRequest s_editing = s_request with { ReferenceImages = [s_one, s_other] };

    [Fact]
    public void Each_image_and_their_order_change_the_result()
    {
        using DiffusionPipeline pipeline = Build();
        byte[] both = Draw(pipeline, s_editing);
        Assert.Equal(both, Draw(pipeline, s_editing));
        byte[][] images =
        [
            both, Draw(pipeline, s_request), Draw(pipeline, s_editing with { ReferenceImages = [s_one] }),
            Draw(pipeline, s_editing with { ReferenceImages = [s_other] }),
            Draw(pipeline, s_editing with { ReferenceImages = [s_other, s_one] }),
        ];
        Assert.Equal(images.Length, images.Select(Convert.ToHexString).Distinct().Count());
    }

    [Fact]
    public void The_denoiser_reads_the_most_likely_latents_of_the_fitted_images_at_every_evaluation()
    {
        using DisposeScope scope = NewDisposeScope();
        using DiffusionModel model = DiffusionModel.Open(folders["flux2"], CPU);
        var seen = new Recorder(model.Denoiser);
        using DiffusionPipeline pipeline = new DiffusionPipelineBuilder()
            .UseTextEncoder(model.TextEncoder).UseDenoiser(seen).UseAutoencoder(model.Autoencoder)
            .UseScheduler(NoiseScheduler.FromConfig(model.SchedulerConfig)).Build();
        ImageBuffer uneven = Image(107, 75, 3);
        // With guidance, each evaluation has the batch of both prompts.
        pipeline.Generate(s_request with { GuidanceScale = 4, ReferenceImages = [s_one, uneven] });
        Tensor[] expected =
        [
            model.Autoencoder.Encode(ImageTensor.FromImage(s_one)).Mean,
            model.Autoencoder.Encode(ImageTensor.FromImage(uneven.Crop(5, 5, 96, 64))).Mean,
        ];
        Assert.Equal(2, seen.Inputs.Count);
        foreach (DenoiserInput input in seen.Inputs)
        {
            Assert.Equal(2, input.Latents.shape[0]);
            foreach ((Tensor one, Tensor latents) in expected.Zip(input.ReferenceLatents!))
                Assert.True(latents.allclose(one.expand(2, -1, -1, -1), rtol: 1e-5, atol: 1e-5));
        }
    }

    [Theory]
    [InlineData(64, 64, 64, 64)]
    [InlineData(100, 79, 96, 64)]
    [InlineData(1024, 1024, 1024, 1024)]
    // Scaled by the root of 1024² / (2000 · 1000), 0.7240773: 1448.15 x 724.08.
    [InlineData(2000, 1000, 1440, 720)]
    [InlineData(1040, 1024, 1024, 1008)]
    public void Large_images_shrink_and_all_are_cut_to_whole_tokens(int width, int height, int encodedWidth, int encodedHeight)
    {
        ImageBuffer image = Image(width, height, 1);
        Assert.Equal((encodedWidth, encodedHeight), ReferenceImageSize.Encoded(image, 16));
        ImageBuffer fitted = ReferenceImageSize.Fit(image, 16);
        Assert.Equal((encodedWidth, encodedHeight), (fitted.Width, fitted.Height));
    }

    [Fact]
    public void The_image_has_the_size_of_the_first_unless_the_request_says_otherwise()
    {
        using DiffusionPipeline pipeline = Build();
        GenerationRequest open = s_request with { Width = null, Height = null };
        Assert.Equal((96, 64), Size(open with { ReferenceImages = [Image(97, 70, 1), s_one] }));
        Assert.Equal((32, 32), Size(s_editing));
        Assert.Equal((48, 32), Size(open with { ReferenceImages = [s_one], InitialImage = Image(48, 32, 1) }));

        (int, int) Size(GenerationRequest request)
        {
            ImageBuffer image = pipeline.Generate(request).Images[0].Image;
            return (image.Width, image.Height);
        }
    }

    [Theory]
    [InlineData("flux", "FLUX.1")]
    [InlineData("chroma", "Chroma")]
    [InlineData("z-image", "Z-Image")]
    [InlineData("sd3", "Stable Diffusion 3")]
    public void Models_that_read_none_refuse_them(string family, string name)
    {
        using DiffusionPipeline pipeline = new DiffusionPipelineBuilder().UseModelFolder(folders[family]).UseDevice(CPU).Build();
        var error = Assert.Throws<ArgumentException>(() => pipeline.Generate(s_editing));
        Assert.Equal(
            $"ReferenceImages is a list of 2; expected null, because {name} does not read reference images. (Parameter 'ReferenceImages')",
            error.Message);
    }

    [Fact]
    public void Impossible_images_are_refused_by_name()
    {
        using DiffusionPipeline pipeline = Build();
        Refused("ReferenceImages is empty; expected at least one image", []);
        Refused("ReferenceImages[1] is null; expected an image", [s_one, null!]);
        Refused("ReferenceImages[0] is 63 x 64 pixels; expected at least 64 pixels", [Image(63, 64, 1)]);
        Refused("ReferenceImages[0] is 64 x 513 pixels; expected a longer side of at most 8 times", [Image(64, 513, 1)]);
        Refused("ReferenceImages[0] is null", [null!], s_request with { Width = null, Height = null });

        void Refused(string message, ImageBuffer[] images, GenerationRequest? request = null) => Assert.StartsWith(
            message,
            Assert.Throws<ArgumentException>(() => pipeline.Generate((request ?? s_request) with { ReferenceImages = images })).Message,
            StringComparison.Ordinal);
    }

    [Fact]
    public void Metadata_says_that_they_were_given_and_reads_them_from_the_inputs()
    {
        using DiffusionPipeline pipeline = Build();
        GeneratedImage image = pipeline.Generate(s_editing).Images[0];
        Assert.Equal("given", image.Metadata["reference_images"]);
        Assert.Contains(
            "reference_images",
            Assert.Throws<InvalidDataException>(() => GenerationMetadata.ReadRequest(image.ToPng())).Message,
            StringComparison.Ordinal);
        GenerationRequest read = GenerationMetadata.ReadRequest(image.ToPng(), s_editing with { Prompt = "" });
        Assert.Equal(image.Image.Rgb.ToArray(), Draw(pipeline, read));
    }

    [Fact]
    public void Images_that_share_evaluations_have_references_of_the_same_sizes()
    {
        using DiffusionPipeline single = Build(), batched = Build(builder => builder.Configure(o => o.BatchSize = 2));
        GenerationRequest[] requests =
            [s_editing with { ReferenceImages = [s_one] }, s_editing with { Seed = 9, ReferenceImages = [Image(64, 64, 5)] }];
        foreach ((GenerationRequest request, GenerationResult together) in requests.Zip(batched.Generate(requests)))
        {
            byte[] alone = Draw(single, request);
            Assert.All(alone.Zip(together.Images[0].Image.Rgb.ToArray()), pair => Assert.InRange(pair.First - pair.Second, -1, 1));
        }

        requests[1] = s_editing;
        Assert.StartsWith(
            "requests[1].ReferenceImages is 64 x 64 pixels, 96 x 64 pixels; expected 64 x 64 pixels",
            Assert.Throws<ArgumentException>(() => batched.Generate(requests)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void They_combine_with_an_initial_image_two_passes_and_offloading()
    {
        GenerationRequest request = s_editing with
        {
            Steps = 4, InitialImage = Image(32, 32, 4), Strength = 0.6,
            Upscale = new LatentUpscaling { Width = 64, Height = 32, Strength = 0.5 },
        };
        using DiffusionPipeline pipeline = Build(), offloading = Build(builder => builder.UseOffload());
        byte[] image = Draw(pipeline, request);
        Assert.Equal(64 * 32 * 3, image.Length);
        Assert.NotEqual(image, Draw(pipeline, request with { ReferenceImages = null }));
        Assert.Equal(image, Draw(offloading, request));
    }

    [Fact]
    public void Limits_count_their_pixels_and_memory()
    {
        using DiffusionPipeline pixels = Build(builder => builder.Configure(o => o.MaximumPixels = 64 * 64));
        Draw(pixels, s_editing with { ReferenceImages = [s_one] });
        Assert.Contains(
            "96 x 64", Assert.Throws<GenerationLimitException>(() => pixels.Generate(s_editing)).Message, StringComparison.Ordinal);
        using DiffusionPipeline none = Build(builder => builder.Configure(o => o.MaximumMemory = 1 << 20));
        long plain = Needed(s_request), editing = Needed(s_editing);
        Assert.True(editing > plain, $"{editing} > {plain}");

        long Needed(GenerationRequest request) => Assert.Throws<GenerationLimitException>(() => none.Generate(request)).Requested;
    }

    [Fact]
    public async Task Original_images_of_an_image_generator_are_references()
    {
        using DiffusionPipeline pipeline = Build();
        var codec = new SkiaImageCodec();
        AIContent[] originals = [Content(s_one), Content(s_other)];
        var request = new ImageGenerationRequest(s_request.Prompt, originals);
        var options = new ImageGenerationOptions { RawRepresentationFactory = _ => s_request };
        ImageGenerationResponse response = await pipeline.AsImageGenerator().GenerateAsync(
            request, options, TestContext.Current.CancellationToken);
        var result = Assert.IsType<GenerationResult>(response.RawRepresentation);
        Assert.Equal(Draw(pipeline, s_editing), result.Images[0].Image.Rgb.ToArray());

        options.RawRepresentationFactory = _ => s_request with { Strength = 0.5 };
        await Assert.ThrowsAsync<NotSupportedException>(() => pipeline.AsImageGenerator().GenerateAsync(request, options));
        response = await pipeline.AsImageGenerator().GenerateAsync(
            new ImageGenerationRequest(s_request.Prompt, [Content(s_one)]), options, TestContext.Current.CancellationToken);
        Assert.NotNull(Assert.IsType<GenerationResult>(response.RawRepresentation).Request.InitialImage);

        AIContent Content(ImageBuffer image) => new DataContent(codec.EncodePng(image), "image/png");
    }

    private static ImageBuffer Image(int width, int height, int seed) => TaskImages.Create(
        width, height, (x, y) => ((byte)(x * 3 * seed), (byte)(y * 5 + 40 * seed), (byte)(x * y * seed + 20)));

    private DiffusionPipeline Build(Func<DiffusionPipelineBuilder, DiffusionPipelineBuilder>? change = null)
    {
        DiffusionPipelineBuilder builder = new DiffusionPipelineBuilder().UseModelFolder(folders["flux2"]).UseDevice(CPU);
        return (change?.Invoke(builder) ?? builder).Build();
    }

    private static byte[] Draw(DiffusionPipeline pipeline, GenerationRequest request) =>
        pipeline.Generate(request).Images[0].Image.Rgb.ToArray();

    private sealed class Recorder(IDenoiser denoiser) : IDenoiser
    {
        public List<DenoiserInput> Inputs { get; } = [];

        public DenoiserDescription Description => denoiser.Description;

        public Tensor Predict(DenoiserInput input)
        {
            Inputs.Add(input with
            {
                Latents = Kept(input.Latents), ReferenceLatents = [.. input.ReferenceLatents!.Select(Kept)],
            });
            return denoiser.Predict(input);
        }

        private static Tensor Kept(Tensor x) => x.clone().DetachFromDisposeScope();
    }
}
