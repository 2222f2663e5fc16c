using TorchSharp;
using Xunit;
using static TorchSharp.torch;

namespace LatentDiffusion.Tests.Pipelines;

/// <summary>SDXL's base and refiner as one: each evaluates its share of the schedule.</summary>
public sealed class RefinerTests(FamilyFolders folders) : IClassFixture<FamilyFolders>
{
    private const int Steps = 5, Scale = 4;

    private static readonly GenerationRequest s_request = new()
    {
        Prompt = "ab a",
        Seed = 3,
        Steps = Steps,
        GuidanceScale = Scale,
        Width = 24,
        Height = 16,
    };

    // At timesteps 801, 601, 401, 201 and 1.
    [Theory, InlineData(0.8, 1), InlineData(0.5, 3)]
    public void Base_and_refiner_are_the_plain_loop(double start, int refined)
    {
        using ModelComponents first = FamilyFolders.Make("xl"), second = FamilyFolders.Make("xl-refiner");
        using IDisposable noGrad = no_grad();
        using DisposeScope scope = NewDisposeScope();
        ClipTextOutput one = first.TextEncoder!.call(Ids(8, 7, 6, 3, 8)), other = first.TextEncoder2!.call(Ids(0, 7, 6, 3, 8));
        Tensor text = cat([one.PenultimateHiddenState, other.PenultimateHiddenState], 2), pooled = other.Projected!;
        ClipTextOutput told = second.TextEncoder2!.call(Ids(0, 7, 6, 3, 8)), empty = second.TextEncoder2!.call(Ids(0, 7, 8));
        int late = 0;
        Tensor Base(Tensor x, double t, float[] sizes) => Guided(
            first.UNet.call(new UNetInput(x, tensor((float)t).view(1), text) { TextEmbeds = pooled, TimeIds = tensor(sizes, [1, 6]) }),
            first.UNet.call(new UNetInput(x, tensor((float)t).view(1), zeros_like(text))
            {
                TextEmbeds = zeros_like(pooled),
                TimeIds = tensor(sizes, [1, 6]),
            }));
        Tensor Refine(Tensor x, double t, float[] origin)
        {
            late++;
            return Guided(
                second.UNet.call(new UNetInput(x, tensor((float)t).view(1), told.PenultimateHiddenState)
                {
                    TextEmbeds = told.Projected,
                    TimeIds = tensor([.. origin, 6f], [1, 5]),
                }),
                second.UNet.call(new UNetInput(x, tensor((float)t).view(1), empty.PenultimateHiddenState)
                {
                    TextEmbeds = empty.Projected,
                    TimeIds = tensor([.. origin, 2.5f], [1, 5]),
                }));
        }

        Tensor Loop(float[] origin) => PlainLoop.Euler(
            randn([1, 4, 8, 12], generator: new Generator(3)),
            Steps,
            (x, t) => t < 1000 * (1 - start) ? Refine(x, t, origin) : Base(x, t, [.. origin, 16, 24]));

        Tensor expected = Loop([16, 24, 0, 0]);
        Assert.Equal(refined, late);
        Close(expected, Latents(start, s_request));
        // Both receive the source of the image.
        var cropped = new SizeConditioningInput { OriginalWidth = 500, OriginalHeight = 300, CropLeft = 7, CropTop = 5 };
        Close(Loop([300, 500, 5, 7]), Latents(start, s_request with { SizeConditioningInput = cropped }));
        Assert.InRange(Difference(expected, Latents(0.6, s_request)), 0.001, 100);
    }

    [Fact]
    public void One_seed_gives_the_same_bytes_alone_and_in_a_batch()
    {
        using DiffusionPipeline pipeline = Refined("xl", "xl-refiner").UsePromptWeighting().Build();
        GenerationRequest request = s_request with { Prompt = "(ab:1.2) a", Upscale = new LatentUpscaling { Width = 32, Height = 24 } };
        GeneratedImage alone = pipeline.Generate(request).Images[0];
        Assert.Equal("xl-refiner", alone.Metadata["refiner"]);
        GenerationResult batch = pipeline.Generate(request with { Seed = 2, ImageCount = 3 });
        Assert.Equal(alone.Image.Rgb.ToArray(), batch.Images[1].Image.Rgb.ToArray());
    }

    [Fact]
    public void A_request_that_leaves_one_of_the_two_nothing_is_refused()
    {
        using DiffusionPipeline pipeline = Refined("xl", "xl-refiner").Build();
        Refused(
            s_request with { Steps = 1 },
            "Steps is 1; expected more, for the model to have a step above timestep 200 and its refiner one below");
        var image = new ImageBuffer(24, 16, new byte[24 * 16 * 3]);
        Refused(s_request with { InitialImage = image, Strength = 0.2 }, "Strength is 0.2; expected more");
        using Conditioning embeds = pipeline.Model!.TextEncoder.Encode(["ab"]);
        Refused(
            s_request with { PromptEmbeds = embeds, NegativePromptEmbeds = embeds },
            "PromptEmbeds is given; expected none, because the refiner");

        void Refused(GenerationRequest request, string message) =>
            Assert.StartsWith(
                message,
                Assert.Throws<ArgumentException>(() => pipeline.Generate(request)).Message,
                StringComparison.Ordinal);
    }

    [Fact]
    public void Build_refuses_a_refiner_that_does_not_go_with_the_model()
    {
        Refused("xl", "sd1-inpaint", "takes 9 channels, and the latents have 4");
        Refused("sd1-inpaint", "sd1", "is for latents of 4 channels, and the model takes 9");
        Refused("xl", "sd2", "predicts Velocity, and the model Epsilon");
        Assert.Throws<DirectoryNotFoundException>(() =>
            new DiffusionPipelineBuilder().UseModelFolder(folders["xl"]).UseRefiner("nowhere").Build());
        foreach (double start in new[] { 0, 1, double.NaN })
            Assert.Throws<ArgumentOutOfRangeException>("start", () => new DiffusionPipelineBuilder().UseRefiner("any", start));

        void Refused(string model, string refiner, string message) =>
            Assert.Contains(
                message,
                Assert.Throws<InvalidOperationException>(() => Refined(model, refiner).Build()).Message,
                StringComparison.Ordinal);
    }

    [Fact]
    public void An_offloaded_refiner_is_read_to_where_it_waits()
    {
        using (DiffusionModel model = DiffusionModel.Open(folders["xl"], CPU))
        {
            using LoadedRefiner refiner = LoadedRefiner.Open(
                new RefinerChoice(folders["xl-refiner"], 0.8, null, null), model.Denoiser.Description, model.Autoencoder,
                NoiseScheduler.FromConfig(model.SchedulerConfig), CPU, new CheckpointOptions { Device = META });
            Assert.Equal(DeviceType.CPU, refiner.Model.Device.type);
            Assert.All(
                refiner.Model.Components!.Networks.SelectMany(n => n.Network.parameters()),
                p => Assert.Equal(DeviceType.META, p.device_type));
        }

        using DiffusionPipeline plain = Refined("xl", "xl-refiner").Build(), offloaded = Refined("xl", "xl-refiner").UseOffload().Build();
        Assert.Equal(plain.Generate(s_request).Images[0].Image.Rgb.ToArray(), offloaded.Generate(s_request).Images[0].Image.Rgb.ToArray());
    }

    [Fact]
    public void A_refiners_folder_may_name_an_unknown_scheduler()
    {
        using var folder = new TemporaryFolder();
        string copy = folder["refiner"];
        using (DiffusionModel opened = DiffusionModel.Open(folders["xl-refiner"], CPU)) opened.Save(copy);
        string path = Path.Combine(copy, "scheduler", "scheduler_config.json"), json = File.ReadAllText(path);
        File.WriteAllText(path, json.Replace("EulerDiscreteScheduler", "DPMSolverSDEScheduler", StringComparison.Ordinal));
        Assert.DoesNotContain("Euler", File.ReadAllText(path), StringComparison.Ordinal);
        using (DiffusionPipeline pipeline = Builder().Build()) Assert.Single(pipeline.Generate(s_request).Images);

        File.WriteAllText(path, json.Replace("1000", "500", StringComparison.Ordinal));
        Assert.Contains(
            "was trained on 500 timesteps, and the model on 1000",
            Assert.Throws<InvalidOperationException>(() => Builder().Build()).Message,
            StringComparison.Ordinal);

        DiffusionPipelineBuilder Builder() => new DiffusionPipelineBuilder().UseModelFolder(folders["xl"], CPU).UseRefiner(copy);
    }

    private DiffusionPipelineBuilder Refined(string model, string refiner) =>
        new DiffusionPipelineBuilder().UseModelFolder(folders[model], CPU).UseRefiner(folders[refiner]);

    private Tensor Latents(double start, GenerationRequest request)
    {
        var latents = new LatentsWithoutImage();
        using DiffusionPipeline pipeline = new DiffusionPipelineBuilder()
            .UseModelFolder(folders["xl"], CPU).UseRefiner(folders["xl-refiner"], start).UseAutoencoder(latents).Build();
        pipeline.Generate(request);
        return latents.Last!;
    }

    private static Tensor Ids(long padding, params long[] ids) => tensor([.. ids, .. Enumerable.Repeat(padding, 16 - ids.Length)], [1, 16]);

    /// <summary>Ho &amp; Salimans 2022, equation 6.</summary>
    private static Tensor Guided(Tensor conditional, Tensor unconditional) => unconditional + Scale * (conditional - unconditional);

    private static double Difference(Tensor a, Tensor b) => (a - b).abs().max().item<float>();

    private static void Close(Tensor expected, Tensor actual) => Assert.InRange(Difference(expected, actual), 0, 1e-4);
}
