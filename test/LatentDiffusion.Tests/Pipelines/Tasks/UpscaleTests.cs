using TorchSharp;
using Xunit;
using static TorchSharp.torch;

namespace LatentDiffusion.Tests.Pipelines.Tasks;

/// <summary>Two passes, the second over enlarged latents.</summary>
[Collection(LiveTensors.Collection)]
public sealed class UpscaleTests(FamilyFolders folders) : IClassFixture<FamilyFolders>
{
    private const ulong Seed = 3;

    private static readonly GenerationRequest s_request = new()
    {
        Prompt = "ab a", Seed = Seed, Steps = 4, GuidanceScale = PlainFamily.Scale, Width = TaskPictures.Width, Height = TaskPictures.Height,
        Upscale = new LatentUpscaling { Width = 40, Height = 24, Strength = 0.5 },
    };

    [Theory, InlineData("sd1", "ddim"), InlineData("sd2", "dpm++"), InlineData("xl", "euler")]
    public void TwoPassesArePlainLoops(string family, string scheduler)
    {
        using var plain = new PlainFamily(family);
        using IDisposable noGrad = no_grad();
        using DisposeScope scope = NewDisposeScope();
        Func<Tensor, double, Tensor> predict = plain.Guided();
        PlainSampler first = PlainSampler.Of(scheduler, 4, plain.Velocity), second = PlainSampler.Of(scheduler, 4, plain.Velocity);
        List<Tensor> expected = [];
        Tensor x = randn([1, 4, 8, 12], generator: new Generator(Seed)) * first.InitialSigma;
        for (int i = 0; i < 4; i++)
        {
            expected.Add(x);
            x = first.Step(x, predict(first.Seen(x, i), first.Timesteps[i]), i);
        }

        // The second pass is told its own size.
        if (family == "xl") plain.Input = input => input with { TimeIds = tensor([24f, 40, 0, 0, 24, 40], [1, 6]) };
        Tensor noise = randn([1, 4, 12, 20], generator: new Generator(Seed));
        expected.Add(x = second.Noised(Enlarged(x, 12, 20), noise, 2));
        for (int i = 2; i < 4; i++) expected.Add(x = second.Step(x, predict(second.Seen(x, i), second.Timesteps[i]), i));

        DiffusionModel model = DiffusionModel.Open(folders[family], CPU);
        Assert.True(KnownSchedulers.TryGet(scheduler, out KnownScheduler? known));
        var seen = new SeenLatents(known.Create(model.SchedulerConfig.With("timestep_spacing", "leading")), model.Autoencoder);
        using DiffusionPipeline pipeline = new DiffusionPipelineBuilder().UseModel(_ => model).UseScheduler(seen).UseAutoencoder(seen).Build();
        pipeline.Generate(s_request);
        Assert.Equal(expected.Count, seen.Seen.Count);
        foreach ((Tensor one, Tensor other) in expected.Zip(seen.Seen))
        {
            Assert.Equal(one.shape, other.shape);
            Assert.InRange((one - other).abs().max().item<float>(), 0, 1e-4);
        }
    }

    [Fact]
    public void OneSeedGivesTheSameBytesAloneInABatchAndFromItsFile()
    {
        using DiffusionPipeline pipeline = new DiffusionPipelineBuilder().UseModelFolder(folders["xl"], CPU).UseScheduler("euler-a").Build();
        GeneratedImage alone = pipeline.Generate(s_request).Images[0];
        Assert.Equal((40, 24), (alone.Image.Width, alone.Image.Height));
        long before = LiveTensors.Settled();
        var seen = new List<GenerationProgress>();
        GenerationResult batch = pipeline.Generate(s_request with { Seed = Seed - 1, Count = 2 }, new Report(seen.Add));
        Assert.Equal(before, Tensor.TotalCount);
        Assert.Equal(alone.Image.Rgb.ToArray(), batch.Images[1].Image.Rgb.ToArray());
        Assert.Equal(Enumerable.Range(1, 12), seen.Select(p => p.Evaluation));
        Assert.All(seen, p => Assert.Equal(12, p.Evaluations));
        GenerationRequest again = GenerationMetadata.ReadRequest(alone.ToPng());
        Assert.Equal(s_request.Upscale, again.Upscale);
        Assert.Equal(alone.Image.Rgb.ToArray(), pipeline.Generate(again).Images[0].Image.Rgb.ToArray());
    }

    [Fact]
    public void BadSizesAndStrengthsAreRefused()
    {
        using DiffusionPipeline pipeline = new DiffusionPipelineBuilder().UseModelFolder(folders["sd1"], CPU).Build();
        Refused(s_request with { Upscale = s_request.Upscale! with { Width = 41 } }, "Upscale.Width is 41; expected a multiple of 2");
        Refused(s_request with { Upscale = s_request.Upscale! with { Height = 0 } }, "Upscale.Height is 0");
        Refused(s_request with { Upscale = s_request.Upscale! with { Strength = 0 } }, "Upscale.Strength is 0; expected more than 0 and at most 1");
        Refused(s_request with { Upscale = s_request.Upscale! with { Strength = 0.1 } }, "Upscale.Strength is 0.1; expected at least 1/4");
        Refused(s_request with { InitialImage = TaskPictures.Image, Mask = TaskPictures.Mask }, "Mask is given; expected none with Upscale");

        void Refused(GenerationRequest request, string message) =>
            Assert.StartsWith(message, Assert.Throws<ArgumentException>(() => pipeline.Generate(request)).Message, StringComparison.Ordinal);
    }

    /// <summary>Between the four nearest values, whose places are the middles of their pixels.</summary>
    private static Tensor Enlarged(Tensor x, int height, int width)
    {
        Tensor Along(Tensor from, int dimension, int length)
        {
            long old = from.shape[dimension];
            return cat([.. Enumerable.Range(0, length).Select(i =>
            {
                double place = Math.Max((i + 0.5) * old / length - 0.5, 0);
                long low = (long)place, high = Math.Min(low + 1, old - 1);
                return (1 - (place - low)) * from.narrow(dimension, low, 1) + (place - low) * from.narrow(dimension, high, 1);
            })], dimension);
        }

        return Along(Along(x, 2, height), 3, width);
    }

    private sealed class Report(Action<GenerationProgress> action) : IProgress<GenerationProgress>
    {
        void IProgress<GenerationProgress>.Report(GenerationProgress value) => action(value);
    }
}
