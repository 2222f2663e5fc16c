using LatentDiffusion.Tests.Checkpoints;
using TorchSharp;
using Xunit;
using static TorchSharp.torch;

namespace LatentDiffusion.Tests.Pipelines;

/// <summary>Models that edit an image, with guidance by text and image.</summary>
public sealed class ImageTaskInstructPix2PixTests(FamilyFolders families) : IClassFixture<FamilyFolders>, IDisposable
{
    private const ulong Seed = 3;

    private static readonly GenerationRequest s_request = new()
    {
        Prompt = "ab a", Seed = Seed, Steps = 3, GuidanceScale = PlainFamily.Scale, ReferenceImages = [TaskImages.Image],
        Width = TaskImages.Width, Height = TaskImages.Height,
    };

    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Theory]
    [InlineData("sd1-edit", false, 1.5, false)]
    [InlineData("sd1-edit", false, 2.5, true)]
    [InlineData("sd1-edit", false, 1, false)]
    [InlineData("xl-edit", true, 1.5, false)]
    public void Guidance_is_three_plain_evaluations(string family, bool euler, double imageScale, bool separate)
    {
        using var plain = new PlainFamily(family);
        using IDisposable noGrad = no_grad();
        using DisposeScope scope = NewDisposeScope();
        PlainSampler sampler = PlainSampler.Create(euler ? "euler" : "ddim", 3, velocity: false);
        Func<Tensor, double, Tensor> predict = plain.Edited(plain.Mode(PlainFamily.Pixels(TaskImages.Image)), imageScale);
        using var generator = new Generator(Seed);
        Tensor x = randn([1, 4, 8, 12], generator: generator) * sampler.InitialSigma;
        List<Tensor> expected = [x];
        for (int i = 0; i < 3; i++) expected.Add(x = sampler.Step(x, predict(sampler.Seen(x, i), sampler.Timesteps[i]), i));

        DiffusionModel model = DiffusionModel.Open(families[family], CPU);
        // It also passes on the factor of the latents, which those of the image do not have.
        KnownScheduler scheduler = euler ? KnownSchedulers.Euler : KnownSchedulers.Ddim;
        var seen = new SeenScaledLatents(scheduler.Create(model.SchedulerConfig), model.Autoencoder);
        using DiffusionPipeline pipeline = new DiffusionPipelineBuilder()
            .UseModel(_ => model).UseScheduler(seen.Latents).UseAutoencoder(seen)
            .UseGuidance(new ClassifierFreeGuidance(new ClassifierFreeGuidanceOptions { SeparatePasses = separate })).Build();
        GenerationResult result = pipeline.Generate(imageScale == 1.5 ? s_request : s_request with { ImageGuidanceScale = imageScale });
        Assert.Equal(imageScale, result.Request.ImageGuidanceScale);
        Assert.Equal(expected.Count, seen.Latents.Seen.Count);
        foreach ((Tensor one, Tensor other) in expected.Zip(seen.Latents.Seen))
            Assert.InRange((one - other).abs().max().item<float>(), 0, 2e-4);
    }

    [Fact]
    public void One_seed_gives_the_same_bytes_alone_with_others_and_at_once()
    {
        using DiffusionPipeline pipeline = Model("sd1-edit").Build();
        byte[] alone = Pixels(pipeline, s_request);
        Assert.Equal(alone, pipeline.Generate(s_request with { Seed = Seed - 1, ImageCount = 2 }).Images[1].Image.Rgb.ToArray());
        byte[][] atOnce = new byte[3][];
        Parallel.For(0, atOnce.Length, i => atOnce[i] = Pixels(pipeline, s_request));
        Assert.All(atOnce, image => Assert.Equal(alone, image));

        GenerationRequest other = s_request with { Prompt = "b", ReferenceImages = [TaskImages.Mask] };
        byte[] separate = Pixels(pipeline, other);
        Assert.NotEqual(alone, separate);
        using DiffusionPipeline together = Model("sd1-edit").Configure(o => o.BatchSize = 2).Build();
        IReadOnlyList<GenerationResult> results = together.Generate([s_request, other]);
        Close(alone, results[0]);
        Close(separate, results[1]);

        static void Close(byte[] expected, GenerationResult result) => Assert.InRange(
            expected.Zip(result.Images[0].Image.Rgb.ToArray(), (a, b) => Math.Abs(a - b)).Max(), 0, 1);
    }

    [Fact]
    public void The_image_and_its_scale_change_the_result()
    {
        using DiffusionPipeline pipeline = Model("sd1-edit").Build();
        byte[] usual = Pixels(pipeline, s_request);
        Assert.NotEqual(usual, Pixels(pipeline, s_request with { ImageGuidanceScale = 3 }));
        Assert.NotEqual(usual, Pixels(pipeline, s_request with { ReferenceImages = [TaskImages.Mask] }));
        // Where guidance by the text does not act, guidance by the image does not either, as published.
        Assert.Equal(
            Pixels(pipeline, s_request with { GuidanceScale = 1 }),
            Pixels(pipeline, s_request with { GuidanceScale = 1, ImageGuidanceScale = 3 }));

        // Without a size, the result has that of the image.
        GenerationResult result = pipeline.Generate(s_request with { Width = null, Height = null });
        Assert.Equal((TaskImages.Width, TaskImages.Height), (result.Images[0].Image.Width, result.Images[0].Image.Height));
        GenerationRequest again = GenerationMetadata.ReadRequest(result.Images[0].ToPng(), inputs: s_request);
        Assert.Equal(1.5, again.ImageGuidanceScale);
        Assert.Equal(result.Images[0].Image.Rgb.ToArray(), Pixels(pipeline, again));
    }

    [Fact]
    public void Editing_works_from_an_initial_image_and_in_two_passes()
    {
        using DiffusionPipeline pipeline = Model("sd1-edit").Build();
        byte[] usual = Pixels(pipeline, s_request);
        Assert.NotEqual(usual, Pixels(pipeline, s_request with { InitialImage = TaskImages.Mask, Strength = 0.7 }));
        GenerationResult large = pipeline.Generate(
            s_request with { Upscale = new LatentUpscaling { Width = 40, Height = 24, Strength = 0.7 } });
        Assert.Equal((40, 24), (large.Images[0].Image.Width, large.Images[0].Image.Height));
    }

    [Fact]
    public void Other_guidance_works_around_it()
    {
        using DiffusionPipeline pipeline = Model("sd1-edit").UseGuidance(new RescaledGuidance(new ClassifierFreeGuidance())).Build();
        using DiffusionPipeline perturbed = Model("sd1-edit").UseGuidance(new PerturbedAttentionGuidance()).Build();
        Assert.NotEqual(
            Pixels(pipeline, s_request with { ImageGuidanceScale = 1 }), Pixels(pipeline, s_request with { ImageGuidanceScale = 2 }));
        // Without a negative prompt, the image guides under the prompt.
        Assert.NotEqual(
            Pixels(perturbed, s_request with { ImageGuidanceScale = 1 }), Pixels(perturbed, s_request with { ImageGuidanceScale = 2 }));
    }

    [Theory]
    [InlineData("sd1-edit", "StableDiffusionInstructPix2PixPipeline")]
    [InlineData("xl-edit", "StableDiffusionXLInstructPix2PixPipeline")]
    public void A_single_file_matches_the_folder(string family, string pipelineClass)
    {
        using ModelComponents made = FamilyFolders.Make(family);
        LdmWriter.Write(made, _folder["edit.safetensors"]);
        var options = new SingleFileOptions { Vocabulary = TinyModels.Vocabulary };
        using (ModelComponents read = SingleFileCheckpoint.Read(_folder["edit.safetensors"], model: options))
            Assert.Equal(pipelineClass, read.PipelineClass);
        using DiffusionPipeline folder = Model(family).UseScheduler("ddim").Build();
        using DiffusionPipeline file = new DiffusionPipelineBuilder()
            .UseModelFile(_folder["edit.safetensors"], options: options, device: CPU).UseScheduler("ddim").Build();
        Assert.Equal(Pixels(folder, s_request), Pixels(file, s_request));
        folder.Model!.Save(_folder["saved"]);
        ModelAssert.SameFiles(families[family], _folder["saved"]);
    }

    [Fact]
    public void Missing_and_ineffective_settings_are_refused()
    {
        using DiffusionPipeline edits = Model("sd1-edit").Build(), plain = Model("sd1").Build(), repaints = Model("sd1-inpaint").Build();
        Refused(edits, s_request with { ReferenceImages = null }, "ReferenceImages is null; expected a list of one image");
        Refused(edits, s_request with { ReferenceImages = [] }, "ReferenceImages is a list of 0; expected a list of one image");
        Refused(
            edits, s_request with { ReferenceImages = [TaskImages.Image, TaskImages.Mask] },
            "ReferenceImages is a list of 2; expected a list of one image");
        Refused(edits, s_request with { ReferenceImages = [null!] }, "ReferenceImages[0] is null; expected an image");
        Refused(
            edits, s_request with
            {
                InitialImage = TaskImages.Image, Mask = TaskImages.Mask, Inpainting = new InpaintingOptions { MaskPadding = 4 },
            },
            "Inpainting.MaskPadding is 4; expected null, because the model edits the whole image");
        Refused(edits, s_request with { ImageGuidanceScale = 0.5 }, "ImageGuidanceScale is 0.5; expected from 1 to 100");
        Refused(edits, s_request with { ImageGuidanceScale = double.NaN }, "ImageGuidanceScale is NaN");
        foreach (DiffusionPipeline pipeline in new[] { plain, repaints })
        {
            GenerationRequest request = s_request with
            {
                InitialImage = TaskImages.Image, Mask = TaskImages.Mask, ReferenceImages = null, ImageGuidanceScale = 1.5,
            };
            Refused(pipeline, request, "ImageGuidanceScale is 1.5; expected null, because Stable Diffusion is not an InstructPix2Pix");
            Refused(
                pipeline, request with { ReferenceImages = [TaskImages.Image], ImageGuidanceScale = null },
                "ReferenceImages is a list of 1; expected null");
        }

        Assert.Contains(
            "step caching", Assert.Throws<InvalidOperationException>(() => Model("sd1-edit").UseStepCaching().Build()).Message,
            StringComparison.Ordinal);
        Refused(
            edits, [s_request, s_request with { ImageGuidanceScale = 2 }],
            "requests[1].ImageGuidanceScale is 2; expected 1.5, as in requests[0]");
    }

    private static void Refused(DiffusionPipeline pipeline, GenerationRequest request, string message) =>
        Assert.StartsWith(message, Assert.Throws<ArgumentException>(() => pipeline.Generate(request)).Message, StringComparison.Ordinal);

    private static void Refused(DiffusionPipeline pipeline, GenerationRequest[] requests, string message) =>
        Assert.StartsWith(message, Assert.Throws<ArgumentException>(() => pipeline.Generate(requests)).Message, StringComparison.Ordinal);

    private static byte[] Pixels(DiffusionPipeline pipeline, GenerationRequest request) =>
        pipeline.Generate(request).Images[0].Image.Rgb.ToArray();

    private DiffusionPipelineBuilder Model(string family) => new DiffusionPipelineBuilder().UseModelFolder(families[family], CPU);

    /// <summary>Sees the latents of an autoencoder that says how it scales them.</summary>
    private sealed class SeenScaledLatents(INoiseScheduler scheduler, IAutoencoder autoencoder) : IAutoencoder
    {
        public SeenLatents Latents { get; } = new(scheduler, autoencoder);

        public int LatentChannels => autoencoder.LatentChannels;

        public int DownsamplingFactor => autoencoder.DownsamplingFactor;

        public double? ScalingFactor => autoencoder.ScalingFactor;

        public LatentDistribution Encode(Tensor images, CancellationToken cancellationToken = default) => autoencoder.Encode(images);

        public Tensor Decode(Tensor latents, CancellationToken cancellationToken = default) => Latents.Decode(latents);
    }
}
