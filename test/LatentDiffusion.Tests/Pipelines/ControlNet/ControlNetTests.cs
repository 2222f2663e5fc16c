using TorchSharp;
using Xunit;
using static TorchSharp.torch;

namespace LatentDiffusion.Tests.Pipelines;

/// <summary>Two ControlNets at once, of which one controls in the middle of a run alone.</summary>
public sealed class ControlNetTests : IClassFixture<FamilyFolders>, IDisposable
{
    private const ulong Seed = 3;

    private const double FirstScale = 0.7, SecondScale = 1.2;

    private static readonly GenerationRequest s_request = new()
    {
        Prompt = "ab a", Seed = Seed, Steps = 4, GuidanceScale = PlainFamily.Scale,
        Width = TaskImages.Width, Height = TaskImages.Height,
        ControlImages = [TaskImages.Image, TaskImages.Mask],
    };

    private readonly FamilyFolders _families;
    private readonly TemporaryFolder _folder = new();

    public ControlNetTests(FamilyFolders families) => _families = families;

    public void Dispose() => _folder.Dispose();

    [Theory, InlineData("sd1", false), InlineData("sd1-inpaint", false), InlineData("xl", true)]
    public void Control_matches_a_plain_denoising_loop(string family, bool euler)
    {
        using var plain = new PlainFamily(family);
        using ControlNetModel first = TinyControlNets.Make(family, 0), second = TinyControlNets.Make(family, 1);
        using IDisposable noGrad = no_grad();
        using DisposeScope scope = NewDisposeScope();
        Tensor firstHint = (PlainFamily.Pixels(TaskImages.Image) + 1) / 2, secondHint = (PlainFamily.Pixels(TaskImages.Mask) + 1) / 2;
        int evaluation = 0;
        plain.Input = input =>
        {
            // Zhang et al. 2023: a ControlNet's residuals are added to the U-Net's skip connections and middle.
            UNetInput latents = input with { Sample = input.Sample.narrow(1, 0, 4) };
            ControlNetOutput one = first.call(new ControlNetInput(latents, firstHint));
            Tensor[] down = [.. one.DownResiduals.Select(r => r * FirstScale)];
            Tensor middle = one.MiddleResidual * FirstScale;
            if (evaluation is 1 or 2)
            {
                ControlNetOutput other = second.call(new ControlNetInput(latents, secondHint));
                down = [.. down.Zip(other.DownResiduals, (a, b) => a + SecondScale * b)];
                middle = middle + SecondScale * other.MiddleResidual;
            }

            return input with { DownResiduals = down, MiddleResidual = middle };
        };

        PlainSampler sampler = PlainSampler.Create(euler ? "euler" : "ddim", 4, velocity: false);
        Func<Tensor, double, Tensor> predict = plain.Guided();
        using var generator = new Generator(Seed);
        Tensor noise = randn([1, 4, 8, 12], generator: generator), x = noise * sampler.InitialSigma;
        GenerationRequest request = s_request;
        Tensor[] beside = [];
        if (family == "sd1-inpaint")
        {
            // With a mask of all, the masked image is grey, and the mask is one.
            request = request with
            {
                InitialImage = TaskImages.Image,
                Strength = 1,
                Mask = TaskImages.Create(24, 16, (_, _) => (255, 255, 255)),
            };
            beside = [ones(1, 1, 8, 12), plain.Encoded(zeros(1, 3, 16, 24), generator)];
        }

        List<Tensor> expected = [x];
        for (; evaluation < 4; evaluation++)
            expected.Add(
                x = sampler.Step(x, predict(cat([sampler.Seen(x, evaluation), .. beside], 1), sampler.Timesteps[evaluation]), evaluation));

        DiffusionModel model = DiffusionModel.Open(_families[family], CPU);
        var seen = new SeenLatents((euler ? KnownSchedulers.Euler : KnownSchedulers.Ddim).Create(model.SchedulerConfig), model.Autoencoder);
        using DiffusionPipeline pipeline = Controlled(
            family,
            new DiffusionPipelineBuilder().UseModel(_ => model).UseScheduler(seen).UseAutoencoder(seen));
        pipeline.Generate(request);
        Assert.Equal(expected.Count, seen.Seen.Count);
        foreach ((Tensor one, Tensor other) in expected.Zip(seen.Seen)) Assert.InRange((one - other).abs().max().item<float>(), 0, 1e-4);
    }

    [Fact]
    public void One_seed_gives_the_same_bytes_alone_and_in_a_batch()
    {
        using DiffusionPipeline pipeline = Controlled(
            "sd1", Model("sd1").UseGuidance(new PerturbedAttentionGuidance(new ClassifierFreeGuidance())));
        GenerationRequest request = s_request with { InitialImage = TaskImages.Image, Width = null, Height = null };
        byte[] alone = pipeline.Generate(request).Images[0].Image.Rgb.ToArray();
        GenerationResult batch = pipeline.Generate(request with { Seed = Seed - 1, ImageCount = 2 });
        Assert.Equal(alone, batch.Images[1].Image.Rgb.ToArray());

        using DiffusionPipeline free = Model("sd1").UseGuidance(new PerturbedAttentionGuidance(new ClassifierFreeGuidance())).Build();
        byte[] without = free.Generate(request with { ControlImages = null }).Images[0].Image.Rgb.ToArray();
        Assert.NotEqual(alone, without);
    }

    [Fact]
    public void A_request_sets_scale_and_steps_in_place_of_the_builder()
    {
        string first = Written("sd1", 0), second = Written("sd1", 1);
        using DiffusionPipeline asBuilt = Model("sd1")
            .UseControlNet(first, FirstScale)
            .UseControlNet(second, SecondScale, start: 0.25, end: 0.75)
            .Build();
        using DiffusionPipeline asAsked = Model("sd1").UseControlNet(first, 3, start: 0.5).UseControlNet(second, end: 0.75).Build();
        using DiffusionPipeline free = Model("sd1").Build();
        byte[] expected = Pixels(asBuilt, s_request);
        Assert.NotEqual(expected, Pixels(asAsked, s_request));
        GenerationRequest request = s_request with
        {
            ControlWeights = [new() { Scale = FirstScale, Start = 0 }, new() { Scale = SecondScale, Start = 0.25 }],
        };
        Assert.Equal(expected, Pixels(asAsked, request));
        Assert.Equal(
            Pixels(free, s_request with { ControlImages = null }),
            Pixels(asAsked, s_request with { ControlWeights = [new() { Scale = 0 }, new() { Scale = 0 }] }));

        // The result and its file record every setting, and the same image is made again once the input images are given.
        GenerationResult result = asAsked.Generate(request);
        Assert.Equal(
            [new() { Scale = FirstScale, Start = 0, End = 1 }, new() { Scale = SecondScale, Start = 0.25, End = 0.75 }],
            result.Request.ControlWeights!);
        Assert.Equal(result.Request, asAsked.Generate(result.Request).Request);
        GenerationRequest again = GenerationMetadata.ReadRequest(result.Images[0].ToPng(), inputs: request);
        Assert.Equal(result.Request.ControlWeights, again.ControlWeights);
        Assert.Equal(expected, Pixels(asAsked, again));
        Assert.Equal([FirstScale, SecondScale], asBuilt.Generate(s_request).Request.ControlWeights!.Select(w => w.Scale!.Value));
    }

    public static TheoryData<ControlWeight?[], string> BadWeights => new()
    {
        { [new()], "ControlWeights is a list of 1; expected 2, one for each ControlNet" },
        { [new(), null], "ControlWeights[1] is null; expected a weight" },
        { [new() { Scale = double.NaN }, new()], "ControlWeights[0].Scale is NaN; expected a finite number" },
        { [new(), new() { Start = -0.1 }], "ControlWeights[1].Start is -0.1; expected at least 0 and below 1" },
        { [new(), new() { Start = 1 }], "ControlWeights[1].Start is 1" },
        { [new(), new() { Start = 0.8 }], "ControlWeights[1].End is 0.75; expected above the start, 0.8, and at most 1" },
        { [new() { End = 1.1 }, new()], "ControlWeights[0].End is 1.1" },
    };

    [Theory, MemberData(nameof(BadWeights))]
    public void Bad_weights_are_refused(ControlWeight?[] weights, string message)
    {
        using DiffusionPipeline pipeline = Controlled("sd1", Model("sd1"));
        var e = Assert.Throws<ArgumentException>(() =>
            pipeline.Generate(s_request with { ControlWeights = weights! }, new Report(_ => Assert.Fail("work was done"))));
        Assert.StartsWith(message, e.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Each_ControlNet_has_one_image()
    {
        using DiffusionPipeline controlled = Controlled("sd1", Model("sd1")), free = Model("sd1").Build();
        Refused(controlled, s_request with { ControlImages = null }, "ControlImages is null; expected 2, one for each ControlNet");
        Refused(controlled, s_request with { ControlImages = [TaskImages.Image] }, "ControlImages is a list of 1; expected 2");
        Refused(controlled, s_request with { ControlImages = [TaskImages.Image, null!] }, "ControlImages is with a null among them");
        Refused(
            free,
            s_request with { ControlImages = null, ControlWeights = [new()] },
            "ControlWeights is a list of 1; expected none, because the pipeline has no ControlNet");
        Refused(free, s_request, "ControlImages is a list of 2; expected none, because the pipeline has no ControlNet");

        static void Refused(DiffusionPipeline pipeline, GenerationRequest request, string message) =>
            Assert.StartsWith(
                message,
                Assert.Throws<ArgumentException>(() => pipeline.Generate(request)).Message,
                StringComparison.Ordinal);
    }

    [Fact]
    public void Build_refuses_a_ControlNet_that_does_not_fit()
    {
        string other = Written("xl", 0);
        Assert.Contains(
            "width 128, and the denoiser of 64",
            Assert.Throws<InvalidOperationException>(() => Model("sd1").UseControlNet(other).Build()).Message,
            StringComparison.Ordinal);
        Assert.Throws<ArgumentOutOfRangeException>("scale", () => Model("sd1").UseControlNet(other, double.NaN));
        Assert.Throws<ArgumentOutOfRangeException>("start", () => Model("sd1").UseControlNet(other, start: 1));
        Assert.Throws<ArgumentOutOfRangeException>("start", () => Model("sd1").UseControlNet(other, start: -0.1));
        Assert.Throws<ArgumentOutOfRangeException>("end", () => Model("sd1").UseControlNet(other, start: 0.5, end: 0.5));
        Assert.Throws<ArgumentOutOfRangeException>("end", () => Model("sd1").UseControlNet(other, end: 1.1));
    }

    private static byte[] Pixels(DiffusionPipeline pipeline, GenerationRequest request) =>
        pipeline.Generate(request).Images[0].Image.Rgb.ToArray();

    private string Written(string family, int number)
    {
        TinyControlNets.Write(_folder[$"{family}-{number}"], family, number);
        return _folder[$"{family}-{number}"];
    }

    private DiffusionPipelineBuilder Model(string family) => new DiffusionPipelineBuilder().UseModelFolder(_families[family], CPU);

    private DiffusionPipeline Controlled(string family, DiffusionPipelineBuilder builder) => builder
        .UseControlNet(Written(family, 0), FirstScale).UseControlNet(Written(family, 1), SecondScale, start: 0.25, end: 0.75).Build();

    private sealed class Report(Action<GenerationProgress> action) : IProgress<GenerationProgress>
    {
        void IProgress<GenerationProgress>.Report(GenerationProgress value) => action(value);
    }
}
