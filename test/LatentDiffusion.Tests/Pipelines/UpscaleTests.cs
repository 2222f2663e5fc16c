using TorchSharp;
using Xunit;
using static TorchSharp.torch;

namespace LatentDiffusion.Tests.Pipelines;

/// <summary>Two passes, the second over enlarged latents.</summary>
public sealed class UpscaleTests(FamilyFolders folders) : IClassFixture<FamilyFolders>
{
    private const ulong Seed = 3;

    private static readonly GenerationRequest s_request = new()
    {
        Prompt = "ab a", Seed = Seed, Steps = 4, GuidanceScale = PlainFamily.Scale,
        Width = TaskImages.Width, Height = TaskImages.Height,
        Upscale = new LatentUpscaling { Width = 40, Height = 24, Strength = 0.5 },
    };

    [Theory, InlineData("sd1", "ddim"), InlineData("sd2", "dpm++"), InlineData("xl", "euler")]
    public void Two_passes_are_plain_loops(string family, string scheduler)
    {
        using var plain = new PlainFamily(family);
        using IDisposable noGrad = no_grad();
        using DisposeScope scope = NewDisposeScope();
        Func<Tensor, double, Tensor> predict = plain.Guided();
        PlainSampler first = PlainSampler.Create(scheduler, 4, plain.Velocity), second = PlainSampler.Create(scheduler, 4, plain.Velocity);
        List<Tensor> expected = [];
        Tensor x = randn([1, 4, 8, 12], generator: new Generator(Seed)) * first.InitialSigma;
        for (int i = 0; i < 4; i++)
        {
            expected.Add(x);
            x = first.Step(x, predict(first.Seen(x, i), first.Timesteps[i]), i);
        }

        // The second pass reads its own size.
        if (family == "xl") plain.Input = input => input with { TimeIds = tensor([24f, 40, 0, 0, 24, 40], [1, 6]) };
        Tensor noise = randn([1, 4, 12, 20], generator: new Generator(Seed));
        expected.Add(x = second.Noised(Upscaled(x, 12, 20), noise, 2));
        for (int i = 2; i < 4; i++) expected.Add(x = second.Step(x, predict(second.Seen(x, i), second.Timesteps[i]), i));

        EveryStep.AssertClose(expected, EveryStep.Record(folders[family], scheduler, s_request));
    }

    [Fact]
    public void The_second_pass_may_have_other_steps()
    {
        using var plain = new PlainFamily("sd1");
        using IDisposable noGrad = no_grad();
        using DisposeScope scope = NewDisposeScope();
        Func<Tensor, double, Tensor> predict = plain.Guided();
        PlainSampler first = PlainSampler.Create("ddim", 4, plain.Velocity), second = PlainSampler.Create("ddim", 6, plain.Velocity);
        List<Tensor> expected = [];
        Tensor x = randn([1, 4, 8, 12], generator: new Generator(Seed)) * first.InitialSigma;
        for (int i = 0; i < 4; i++)
        {
            expected.Add(x);
            x = first.Step(x, predict(first.Seen(x, i), first.Timesteps[i]), i);
        }

        expected.Add(x = second.Noised(Upscaled(x, 12, 20), randn([1, 4, 12, 20], generator: new Generator(Seed)), 3));
        for (int i = 3; i < 6; i++) expected.Add(x = second.Step(x, predict(second.Seen(x, i), second.Timesteps[i]), i));

        GenerationRequest request = s_request with { Upscale = s_request.Upscale! with { Steps = 6 } };
        EveryStep.AssertClose(expected, EveryStep.Record(folders["sd1"], "ddim", request));
    }

    [Theory]
    [InlineData("sd1", "ddim")]
    [InlineData("sd2", "dpm++")]
    [InlineData("xl", "euler")]
    [InlineData("sd1-inpaint", "euler")]
    [InlineData("xl-inpaint", "ddim")]
    public void With_a_mask_both_passes_repaint_the_same_area(string family, string scheduler)
    {
        using var plain = new PlainFamily(family);
        using IDisposable noGrad = no_grad();
        using DisposeScope scope = NewDisposeScope();
        Func<Tensor, double, Tensor> predict = plain.Guided();
        List<Tensor> expected = [];
        bool sees = family.EndsWith("-inpaint", StringComparison.Ordinal);
        Tensor? x = null, kept = null, stays = null;
        foreach ((int width, int height) in new[] { (24, 16), (40, 24) })
        {
            // Both passes draw from the beginning of the seed's noise: what the image's latents take, noise, what those of the masked
            // image take.
            PlainSampler sampler = PlainSampler.Create(scheduler, 4, plain.Velocity);
            using var generator = new Generator(Seed);
            Tensor pixels = PlainFamily.Pixels(TaskImages.Image.Resize(width, height));
            Tensor mask = White(TaskImages.Mask.Resize(width, height));
            Tensor small = mask.slice(2, 0, height, 2).slice(3, 0, width, 2);
            bool first = x is null;
            kept = sees && !first ? null : plain.Encoded(pixels, generator);
            Tensor noise = randn([1, 4, height / 2, width / 2], generator: generator);
            Tensor[] beside = sees ? [small, plain.Encoded(pixels * (1 - mask), generator)] : [];
            stays = 1 - small;
            Tensor clean = first ? kept! : Upscaled(x!, height / 2, width / 2);
            if (!first && !sees) clean = small * clean + stays * kept!;
            if (!first && family.StartsWith("xl", StringComparison.Ordinal))
                plain.Input = input => input with { TimeIds = tensor([24f, 40, 0, 0, 24, 40], [1, 6]) };
            x = sampler.Noised(clean, noise, 2);
            for (int i = 2; i < 4; i++)
            {
                expected.Add(x);
                x = sampler.Step(x, predict(cat([sampler.Seen(x, i), .. beside], 1), sampler.Timesteps[i]), i);
                if (!sees) x = small * x + stays * sampler.Noised(kept!, noise, i + 1);
            }
        }

        expected.Add(x!);
        GenerationRequest request = s_request with
        {
            InitialImage = TaskImages.Image,
            Mask = TaskImages.Mask,
            Strength = 0.5,
            Width = null,
            Height = null,
        };
        List<Tensor> actual = EveryStep.Record(folders[family], scheduler, request);
        EveryStep.AssertClose(expected, actual);
        if (!sees) Assert.InRange(((actual[^1] - kept!) * stays!).abs().max().item<float>(), 0, 1e-6);
    }

    [Theory, InlineData("sd1"), InlineData("sd1-inpaint")]
    public void With_a_mask_one_seed_gives_the_same_bytes_in_a_batch(string family)
    {
        using DiffusionPipeline pipeline = new DiffusionPipelineBuilder()
            .UseModelFolder(folders[family], CPU)
            .UseScheduler("euler-a")
            .Build();
        GenerationRequest request = s_request with { InitialImage = TaskImages.Image, Mask = TaskImages.Mask, Strength = 1 };
        GeneratedImage alone = pipeline.Generate(request).Images[0];
        Assert.Equal((40, 24), (alone.Image.Width, alone.Image.Height));
        GenerationResult batch = pipeline.Generate(request with { Seed = Seed - 1, ImageCount = 2 });
        Assert.Equal(alone.Image.Rgb.ToArray(), batch.Images[1].Image.Rgb.ToArray());
        Assert.NotEqual(
            alone.Image.Rgb.ToArray(),
            pipeline.Generate(request with { Mask = TaskImages.Create(24, 16, (_, _) => (255, 255, 255)) }).Images[0].Image.Rgb.ToArray());
    }

    [Fact]
    public void One_seed_gives_the_same_bytes_in_a_batch_and_from_its_file()
    {
        using DiffusionPipeline pipeline = new DiffusionPipelineBuilder()
            .UseModelFolder(folders["xl"], CPU)
            .UseScheduler("euler-a")
            .Build();
        GeneratedImage alone = pipeline.Generate(s_request).Images[0];
        Assert.Equal((40, 24), (alone.Image.Width, alone.Image.Height));
        var seen = new List<GenerationProgress>();
        GenerationResult batch = pipeline.Generate(s_request with { Seed = Seed - 1, ImageCount = 2 }, new Report(seen.Add));
        Assert.Equal(alone.Image.Rgb.ToArray(), batch.Images[1].Image.Rgb.ToArray());
        Assert.Equal(Enumerable.Range(1, 12), seen.Select(p => p.CompletedSteps));
        Assert.All(seen, p => Assert.Equal(12, p.TotalSteps));
        GenerationRequest again = GenerationMetadata.ReadRequest(alone.ToPng());
        Assert.Equal(s_request.Upscale, again.Upscale);
        Assert.Equal(alone.Image.Rgb.ToArray(), pipeline.Generate(again).Images[0].Image.Rgb.ToArray());
    }

    [Fact]
    public void Bad_sizes_and_strengths_are_refused()
    {
        using DiffusionPipeline pipeline = new DiffusionPipelineBuilder().UseModelFolder(folders["sd1"], CPU).Build();
        Refused(s_request with { Upscale = s_request.Upscale! with { Width = 41 } }, "Upscale.Width is 41; expected a multiple of 2");
        Refused(s_request with { Upscale = s_request.Upscale! with { Height = 0 } }, "Upscale.Height is 0");
        Refused(
            s_request with { Upscale = s_request.Upscale! with { Strength = 0 } },
            "Upscale.Strength is 0; expected more than 0 and at most 1");
        Refused(s_request with { Upscale = s_request.Upscale! with { Strength = 0.1 } }, "Upscale.Strength is 0.1; expected at least 1/4");
        Refused(
            s_request with { InitialImage = TaskImages.Image, Mask = TaskImages.Mask.Resize(40, 24) },
            "Mask is 40 x 24 pixels; expected 24 x 16, the size of InitialImage");

        void Refused(GenerationRequest request, string message) =>
            Assert.StartsWith(
                message,
                Assert.Throws<ArgumentException>(() => pipeline.Generate(request)).Message,
                StringComparison.Ordinal);
    }

    /// <summary>1 where a mask is white, [1, 1, height, width].</summary>
    private static Tensor White(ImageBuffer mask) =>
        tensor([.. mask.Rgb.ToArray().Where((_, i) => i % 3 == 0).Select(level => level >= 128 ? 1f : 0)], [1, 1, mask.Height, mask.Width]);

    /// <summary>Between the four nearest values, whose places are the middles of their pixels.</summary>
    private static Tensor Upscaled(Tensor x, int height, int width)
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
