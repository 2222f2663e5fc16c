using TorchSharp;
using Xunit;
using static TorchSharp.torch;

namespace LatentDiffusion.Tests.Pipelines;

/// <summary>Two T2I-Adapters at once, of which one controls in the first half of a run.</summary>
public sealed class T2IAdapterTests : IClassFixture<FamilyFolders>, IDisposable
{
    private const ulong Seed = 3;

    private const double FirstScale = 0.7, SecondScale = 1.2;

    private const byte White = 255;

    private static readonly GenerationRequest s_request = new()
    {
        Prompt = "ab a", Seed = Seed, Steps = 4, GuidanceScale = PlainFamily.Scale, Width = TaskImages.Width, Height = TaskImages.Height,
        AdapterImages = [TaskImages.Image, TaskImages.Mask],
    };

    private readonly FamilyFolders _families;
    private readonly TemporaryFolder _folder = new();

    public T2IAdapterTests(FamilyFolders families) => _families = families;

    public void Dispose() => _folder.Dispose();

    [Theory, InlineData("sd1", false), InlineData("xl", true)]
    public void Control_matches_a_plain_denoising_loop(string family, bool euler)
    {
        using var plain = new PlainFamily(family);
        using T2IAdapterModel first = TinyT2IAdapters.Make(family, 0), second = TinyT2IAdapters.Make(family, 1);
        using IDisposable noGrad = no_grad();
        using DisposeScope scope = NewDisposeScope();
        // The second reads greyscale, which its image is.
        Tensor image = (PlainFamily.Pixels(TaskImages.Image) + 1) / 2;
        Tensor grey = ((PlainFamily.Pixels(TaskImages.Mask) + 1) / 2).narrow(1, 0, 1);
        IReadOnlyList<Tensor> one = first.call(image), other = second.call(grey);
        int evaluation = 0;
        plain.Input = input => input with
        {
            AdapterResiduals = [.. one.Zip(other, (a, b) => evaluation < 2 ? FirstScale * a + SecondScale * b : FirstScale * a)],
        };
        PlainSampler sampler = PlainSampler.Create(euler ? "euler" : "ddim", 4, velocity: false);
        Func<Tensor, double, Tensor> predict = plain.Guided();
        using var generator = new Generator(Seed);
        Tensor x = randn([1, 4, 8, 12], generator: generator) * sampler.InitialSigma;
        List<Tensor> expected = [x];
        for (; evaluation < 4; evaluation++)
            expected.Add(x = sampler.Step(x, predict(sampler.Seen(x, evaluation), sampler.Timesteps[evaluation]), evaluation));

        DiffusionModel model = DiffusionModel.Open(_families[family], CPU);
        var seen = new SeenLatents((euler ? KnownSchedulers.Euler : KnownSchedulers.Ddim).Create(model.SchedulerConfig), model.Autoencoder);
        using DiffusionPipeline pipeline = Adapted(
            family, new DiffusionPipelineBuilder().UseModel(_ => model).UseScheduler(seen).UseAutoencoder(seen));
        pipeline.Generate(s_request);
        Assert.Equal(expected.Count, seen.Seen.Count);
        foreach ((Tensor plainly, Tensor found) in expected.Zip(seen.Seen))
            Assert.InRange((plainly - found).abs().max().item<float>(), 0, 1e-4);
    }

    [Fact]
    public void One_seed_gives_the_same_bytes_alone_with_others_and_at_once()
    {
        using DiffusionPipeline pipeline = Adapted("sd1", Model("sd1"));
        byte[] alone = Pixels(pipeline, s_request);
        GenerationResult batch = pipeline.Generate(s_request with { Seed = Seed - 1, ImageCount = 2 });
        Assert.Equal(alone, batch.Images[1].Image.Rgb.ToArray());
        byte[][] atOnce = new byte[3][];
        Parallel.For(0, atOnce.Length, i => atOnce[i] = Pixels(pipeline, s_request));
        Assert.All(atOnce, image => Assert.Equal(alone, image));

        using DiffusionPipeline together = Adapted("sd1", Model("sd1").Configure(o => o.BatchSize = 2));
        GenerationRequest other = s_request with { Prompt = "b", AdapterImages = [TaskImages.Mask, TaskImages.Image] };
        byte[] separate = Pixels(pipeline, other);
        Assert.NotEqual(alone, separate);
        IReadOnlyList<GenerationResult> results = together.Generate([s_request, other]);
        Close(alone, results[0]);
        Close(separate, results[1]);

        static void Close(byte[] expected, GenerationResult result) => Assert.InRange(
            expected.Zip(result.Images[0].Image.Rgb.ToArray(), (a, b) => Math.Abs(a - b)).Max(), 0, 1);
    }

    [Fact]
    public void A_request_overrides_scale_and_fraction_of_the_builder()
    {
        string first = Written("sd1", 0), second = Written("sd1", 1);
        using DiffusionPipeline asBuilt = Model("sd1")
            .UseT2IAdapter(first, FirstScale).UseT2IAdapter(second, SecondScale, conditioningFactor: 0.5).Build();
        using DiffusionPipeline asAsked = Model("sd1")
            .UseT2IAdapter(first, 3, conditioningFactor: 0.25).UseT2IAdapter(second, SecondScale).Build();
        using DiffusionPipeline free = Model("sd1").Build();
        byte[] expected = Pixels(asBuilt, s_request);
        Assert.NotEqual(expected, Pixels(asAsked, s_request));
        GenerationRequest request = s_request with
        {
            AdapterWeights = [new() { Scale = FirstScale, ConditioningFactor = 1 }, new() { ConditioningFactor = 0.5 }],
        };
        Assert.Equal(expected, Pixels(asAsked, request));
        // Of four steps, a fraction of 0.6 is two: rounded down, as published.
        Assert.Equal(expected, Pixels(asAsked, request with
        {
            AdapterWeights = [request.AdapterWeights[0], new() { ConditioningFactor = 0.6 }],
        }));

        // Without effect: at a scale of 0, and in no step.
        byte[] without = Pixels(free, s_request with { AdapterImages = null });
        Assert.NotEqual(without, expected);
        Assert.Equal(without, Pixels(asAsked, s_request with { AdapterWeights = [new() { Scale = 0 }, new() { Scale = 0 }] }));
        Assert.Equal(
            without, Pixels(asAsked, s_request with { AdapterWeights = [new() { ConditioningFactor = 0.2 }, new() { Scale = 0 }] }));

        // The result and its file record every setting, and the same image is made again once the input images are given.
        GenerationResult result = asAsked.Generate(request);
        Assert.Equal(
            [new() { Scale = FirstScale, ConditioningFactor = 1 }, new() { Scale = SecondScale, ConditioningFactor = 0.5 }],
            result.Request.AdapterWeights!);
        GenerationRequest again = GenerationMetadata.ReadRequest(result.Images[0].ToPng(), inputs: request);
        Assert.Equal(result.Request.AdapterWeights, again.AdapterWeights);
        Assert.Equal(expected, Pixels(asAsked, again));
        Assert.Equal("""["sd1-0","sd1-1"]""", asBuilt.Settings.Single(s => s.Key == "t2i_adapters").Value);
        Assert.DoesNotContain(free.Settings, s => s.Key == "t2i_adapters");
    }

    [Fact]
    public void Two_passes_have_feature_maps_of_both_sizes()
    {
        using DiffusionPipeline pipeline = Adapted("sd1", Model("sd1")), free = Model("sd1").Build();
        GenerationRequest request = s_request with { Upscale = new LatentUpscaling { Width = 40, Height = 24, Strength = 0.5 } };
        GenerationResult result = pipeline.Generate(request);
        Assert.Equal((40, 24), (result.Images[0].Image.Width, result.Images[0].Image.Height));
        Assert.NotEqual(Pixels(free, request with { AdapterImages = null }), result.Images[0].Image.Rgb.ToArray());
    }

    [Fact]
    public void Images_of_the_whole_image_are_cut_with_a_repainted_area()
    {
        using DiffusionPipeline pipeline = Model("sd1").UseT2IAdapter(Written("sd1", 0)).Build();
        ImageBuffer edges = TaskImages.Mask.Resize(48, 32);
        GenerationRequest request = s_request with
        {
            InitialImage = TaskImages.Image.Resize(48, 32), Width = 16, Height = 16, AdapterImages = [edges],
            Mask = TaskImages.Create(48, 32, (x, y) => x is >= 8 and < 16 && y is >= 4 and < 12 ? (White, White, White) : default),
            Inpainting = new InpaintingOptions { MaskPadding = 4, PreservePixels = false },
        };
        byte[] whole = Pixels(pipeline, request);
        Assert.Equal(whole, Pixels(pipeline, request with { AdapterImages = [edges.Crop(4, 0, 16, 16)] }));
        Assert.NotEqual(whole, Pixels(pipeline, request with { AdapterImages = [edges.Resize(16, 16)] }));
    }

    [Theory, InlineData("sd1", 1), InlineData("sd1", 2), InlineData("xl", 2)]
    public void A_model_folder_may_contain_them(string family, int count)
    {
        TinyT2IAdapters.WriteModel(_folder["model"], family, count);
        string[] folders = [.. Enumerable.Range(0, count).Select(number => Written(family, number))];
        GenerationRequest request = s_request with { AdapterImages = [.. s_request.AdapterImages!.Take(count)] };
        DiffusionPipelineBuilder handed = Model(family);
        foreach (string folder in folders) handed.UseT2IAdapter(folder);
        using DiffusionPipeline expected = handed.Build();
        using DiffusionPipeline own = new DiffusionPipelineBuilder().UseModelFolder(_folder["model"], CPU)
            .UseScheduler("ddim").Build();
        Assert.Equal(Pixels(expected, request), Pixels(own, request));
        own.Model!.Save(_folder["saved"]);
        Checkpoints.ModelAssert.SameFiles(_folder["model"], _folder["saved"]);
    }

    public static TheoryData<AdapterWeight?[], string> BadWeights => new()
    {
        { [new()], "AdapterWeights is a list of 1; expected 2, one for each T2I-Adapter" },
        { [new(), null], "AdapterWeights[1] is null; expected a weight" },
        { [new() { Scale = double.NaN }, new()], "AdapterWeights[0].Scale is NaN; expected a finite number" },
        { [new(), new() { ConditioningFactor = 0 }], "AdapterWeights[1].ConditioningFactor is 0; expected above 0 and at most 1" },
        { [new(), new() { ConditioningFactor = 1.1 }], "AdapterWeights[1].ConditioningFactor is 1.1" },
    };

    [Theory, MemberData(nameof(BadWeights))]
    public void Bad_weights_are_refused(AdapterWeight?[] weights, string message)
    {
        using DiffusionPipeline pipeline = Adapted("sd1", Model("sd1"));
        Refused(pipeline, s_request with { AdapterWeights = weights! }, message);
    }

    [Fact]
    public void Each_adapter_has_one_image_of_whole_squares()
    {
        using DiffusionPipeline adapted = Adapted("xl", Model("xl")), free = Model("xl").Build();
        Refused(adapted, s_request with { AdapterImages = null }, "AdapterImages is null; expected 2, one for each T2I-Adapter");
        Refused(adapted, s_request with { AdapterImages = [TaskImages.Image, null!] }, "AdapterImages is with a null among them");
        Refused(adapted, s_request with { Width = 26 }, "Width is 26; expected a multiple of 4, for the T2I-Adapter 'xl-0'");
        Refused(
            adapted, s_request with { Upscale = new LatentUpscaling { Width = 48, Height = 34, Strength = 0.5 } },
            "Upscale.Height is 34; expected a multiple of 4");
        Refused(free, s_request, "AdapterImages is a list of 2; expected none, because the pipeline has no T2I-Adapter");
        Refused(
            free, s_request with { AdapterImages = null, AdapterWeights = [new()] },
            "AdapterWeights is a list of 1; expected none, because the pipeline has no T2I-Adapter");
    }

    [Fact]
    public void Build_refuses_an_adapter_that_does_not_fit()
    {
        string adapter = Written("sd1", 0), other = Written("xl", 0);
        Assert.Contains(
            "gives feature maps of 32 channels at 1/4, 64 channels at 1/4; the denoiser expects 32 channels at 1/2, 64 channels at 1/4",
            Assert.Throws<InvalidOperationException>(() => Model("sd1").UseT2IAdapter(other).Build()).Message, StringComparison.Ordinal);
        Assert.Contains(
            "step caching", Assert.Throws<InvalidOperationException>(
                () => Model("sd1").UseT2IAdapter(adapter).UseStepCaching().Build()).Message, StringComparison.Ordinal);
        Assert.Throws<InvalidDataException>(() => Model("sd1").UseControlNet(adapter).Build());
        Assert.Throws<ArgumentOutOfRangeException>("scale", () => Model("sd1").UseT2IAdapter(adapter, double.NaN));
        Assert.Throws<ArgumentOutOfRangeException>("conditioningFactor", () => Model("sd1").UseT2IAdapter(adapter, conditioningFactor: 0));
        Assert.Throws<ArgumentOutOfRangeException>(
            "conditioningFactor", () => Model("sd1").UseT2IAdapter(adapter, conditioningFactor: 1.1));
        using var transformers = new Families.TransformerFolders();
        Assert.Contains(
            "needs a denoiser that adds its feature maps",
            Assert.Throws<InvalidOperationException>(() => new DiffusionPipelineBuilder().UseModelFolder(transformers["flux"])
                .UseDevice(CPU).UseT2IAdapter(adapter).Build()).Message, StringComparison.Ordinal);
    }

    private static void Refused(DiffusionPipeline pipeline, GenerationRequest request, string message) =>
        Assert.StartsWith(message, Assert.Throws<ArgumentException>(() => pipeline.Generate(request)).Message, StringComparison.Ordinal);

    private static byte[] Pixels(DiffusionPipeline pipeline, GenerationRequest request) =>
        pipeline.Generate(request).Images[0].Image.Rgb.ToArray();

    private string Written(string family, int number)
    {
        TinyT2IAdapters.Write(_folder[$"{family}-{number}"], family, number);
        return _folder[$"{family}-{number}"];
    }

    private DiffusionPipelineBuilder Model(string family) =>
        new DiffusionPipelineBuilder().UseModelFolder(_families[family], CPU).UseScheduler("ddim");

    private DiffusionPipeline Adapted(string family, DiffusionPipelineBuilder builder) => builder
        .UseT2IAdapter(Written(family, 0), FirstScale).UseT2IAdapter(Written(family, 1), SecondScale, conditioningFactor: 0.5).Build();
}
