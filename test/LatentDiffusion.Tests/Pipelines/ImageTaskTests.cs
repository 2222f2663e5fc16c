using TorchSharp;
using Xunit;
using static TorchSharp.torch;

namespace LatentDiffusion.Tests.Pipelines;

/// <summary>Image to image and inpainting of each family through the public builder, against loops written from the papers.</summary>
public sealed class ImageTaskTests(FamilyFolders folders) : IClassFixture<FamilyFolders>
{
    private const ulong Seed = 3;

    private static readonly GenerationRequest s_request = new()
    {
        Prompt = "ab a", Seed = Seed, Steps = 6, GuidanceScale = PlainFamily.Scale, InitialImage = TaskImages.Image, Strength = 0.7,
    };

    public static TheoryData<string, string, ulong> Runs => EveryStep.Runs("sd1", "sd2", "xl", "xl-refiner");

    public static TheoryData<string, string, ulong> InpaintingRuns => EveryStep.Runs("sd1-inpaint", "sd2-inpaint", "xl-inpaint");

    [Theory, MemberData(nameof(Runs))]
    public void Image_to_image_is_the_plain_loop(string family, string scheduler, ulong seed)
    {
        using var plain = new PlainFamily(family);
        using IDisposable noGrad = no_grad();
        using DisposeScope scope = NewDisposeScope();
        PlainSampler sampler = PlainSampler.Create(scheduler, 6, plain.Velocity);
        Func<Tensor, double, Tensor> predict = plain.Guided();
        using var generator = new Generator(seed);
        sampler.Noise = generator;
        Tensor image = plain.Encoded(PlainFamily.Pixels(TaskImages.Image), generator);

        // Of six steps the last four, for 0.7 of six is 4.2.
        Tensor x = sampler.Noised(image, randn(image.shape, generator: generator), 2);
        List<Tensor> expected = [x];
        for (int i = 2; i < 6; i++) expected.Add(x = sampler.Step(x, predict(sampler.Seen(x, i), sampler.Timesteps[i]), i));
        EveryStep.AssertClose(expected, EveryStep.Record(folders[family], scheduler, s_request with { Seed = seed }));
    }

    [Theory, MemberData(nameof(Runs))]
    public void Inpainting_with_any_model_is_the_plain_loop(string family, string scheduler, ulong seed)
    {
        using var plain = new PlainFamily(family);
        using IDisposable noGrad = no_grad();
        using DisposeScope scope = NewDisposeScope();
        PlainSampler sampler = PlainSampler.Create(scheduler, 6, plain.Velocity);
        Func<Tensor, double, Tensor> predict = plain.Guided();
        using var generator = new Generator(seed);
        sampler.Noise = generator;
        Tensor image = plain.Encoded(PlainFamily.Pixels(TaskImages.Image), generator);
        Tensor noise = randn(image.shape, generator: generator);
        Tensor repainted = Repainted(2);

        // The masked image's latents, which nothing looks at here, are drawn all the same, as diffusers does.
        randn(image.shape, generator: generator).Dispose();
        Tensor x = sampler.Noised(image, noise, 2);
        List<Tensor> expected = [x];
        for (int i = 2; i < 6; i++)
        {
            x = sampler.Step(x, predict(sampler.Seen(x, i), sampler.Timesteps[i]), i);
            x = repainted * x + (1 - repainted) * sampler.Noised(image, noise, i + 1);
            expected.Add(x);
        }

        List<Tensor> actual = EveryStep.Record(folders[family], scheduler, s_request with { Seed = seed, Mask = TaskImages.Mask });
        EveryStep.AssertClose(expected, actual);
        Assert.InRange(((actual[^1] - image) * (1 - repainted)).abs().max().item<float>(), 0, 1e-6);
    }

    [Fact]
    public void Inpainting_at_full_strength_starts_from_noise_alone()
    {
        using var plain = new PlainFamily("sd1");
        using IDisposable noGrad = no_grad();
        using DisposeScope scope = NewDisposeScope();
        using var generator = new Generator(Seed);
        Tensor image = plain.Encoded(PlainFamily.Pixels(TaskImages.Image), generator);
        Tensor noise = randn(image.shape, generator: generator);
        EveryStep.AssertClose(
            [noise * PlainSampler.Create("euler", 6, false).InitialSigma],
            EveryStep.Record(folders["sd1"], "euler", s_request with { Mask = TaskImages.Mask, Strength = 1 })[..1]);
        EveryStep.AssertClose(
            [PlainSampler.Create("euler", 6, false).Noised(image, noise, 0)],
            EveryStep.Record(folders["sd1"], "euler", s_request with { Strength = 1 })[..1]);
    }

    [Theory, MemberData(nameof(InpaintingRuns))]
    public void An_inpainting_model_sees_the_mask_and_what_stays(string family, string scheduler, ulong seed)
    {
        foreach (double strength in (double[])[0.7, 1]) AModelForInpainting(family, scheduler, seed, strength);
    }

    private void AModelForInpainting(string family, string scheduler, ulong seed, double strength)
    {
        using var plain = new PlainFamily(family);
        using IDisposable noGrad = no_grad();
        using DisposeScope scope = NewDisposeScope();
        PlainSampler sampler = PlainSampler.Create(scheduler, 6, plain.Velocity);
        Func<Tensor, double, Tensor> predict = plain.Guided();
        using var generator = new Generator(seed);
        sampler.Noise = generator;
        Tensor pixels = PlainFamily.Pixels(TaskImages.Image);

        // From only noise, the image's latents are never drawn.
        Tensor? image = strength == 1 ? null : plain.Encoded(pixels, generator);
        Tensor noise = randn([1, 4, 8, 12], generator: generator), masked = plain.Encoded(pixels * (1 - Repainted(1)), generator);
        int begin = strength == 1 ? 0 : 2;
        Tensor x = image is null ? noise * sampler.InitialSigma : sampler.Noised(image, noise, begin);
        List<Tensor> expected = [x];
        for (int i = begin; i < 6; i++)
            expected.Add(x = sampler.Step(x, predict(cat([sampler.Seen(x, i), Repainted(2), masked], 1), sampler.Timesteps[i]), i));
        EveryStep.AssertClose(
            expected,
            EveryStep.Record(folders[family], scheduler, s_request with { Seed = seed, Mask = TaskImages.Mask, Strength = strength }));
    }

    // Those of other models, and the one that cannot begin within the schedule, are left out.
    public static TheoryData<string> Known =>
        [
            .. KnownSchedulers.All
                .Select(s => s.Name)
                .Where(n => n is not ("pndm" or "ipndm")
                    && !n.StartsWith("edm", StringComparison.Ordinal)
                    && !n.StartsWith("flow", StringComparison.Ordinal)),
        ];

    [Theory, MemberData(nameof(Known))]
    public void What_stays_is_at_the_noise_level_that_the_network_is_told(string name)
    {
        using var plain = new PlainFamily("sd1");
        using IDisposable noGrad = no_grad();
        using DisposeScope scope = NewDisposeScope();
        using var generator = new Generator(Seed);
        Tensor image = plain.Encoded(PlainFamily.Pixels(TaskImages.Image), generator);
        Tensor noise = randn(image.shape, generator: generator);
        using DiffusionPipeline pipeline = EveryStep.Build(folders["sd1"], name, out SeenLatents seen);
        pipeline.Generate(s_request with { Steps = 8, Strength = 0.5, Mask = TaskImages.Mask, GuidanceScale = 1 });
        Tensor stays = 1 - Repainted(2);
        foreach (((Tensor input, double timestep), int evaluation) in seen.Inputs.Select((s, i) => (s, i)))
        {
            // As published, noise is added for the end of a step of KDPM2 in its middle too.
            if (name.StartsWith("kdpm2", StringComparison.Ordinal) && evaluation % 2 == 1) continue;

            // Between timesteps σ is nearly linear; Karras's spacing some samplers round to them.
            double low = PlainSampler.Sigma((int)timestep);
            double high = PlainSampler.Sigma((int)timestep + 1);
            double sigma = low + (high - low) * (timestep - (int)timestep);
            Tensor difference = input - (image + sigma * noise) / Math.Sqrt(1 + sigma * sigma);
            double tolerance = name.Contains("karras", StringComparison.Ordinal) ? 3e-2 : timestep == Math.Round(timestep) ? 1e-4 : 1e-3;
            Assert.InRange((difference * (evaluation == 0 ? ones_like(stays) : stays)).abs().max().item<float>(), 0, tolerance);
        }

        Assert.InRange(seen.Inputs[0].Timestep, 100, 600);
        Assert.InRange(seen.Inputs.Count, 4, 8);
        Assert.True(isfinite(seen.Seen[^1]).all().item<bool>());
    }

    [Theory]
    [InlineData("sd1", "euler-a", false)]
    [InlineData("sd1", "heun", true)]
    [InlineData("sd1-inpaint", "dpm++", true)]
    [InlineData("xl", "kdpm2", true)]
    public void One_seed_gives_the_same_bytes_alone_and_in_a_batch(string family, string scheduler, bool masked)
    {
        GenerationRequest request = s_request with { Steps = 3, Mask = masked ? TaskImages.Mask : null };
        using DiffusionPipeline pipeline = new DiffusionPipelineBuilder()
            .UseModelFolder(folders[family], CPU)
            .UseScheduler(scheduler)
            .Build();
        byte[] alone = pipeline.Generate(request).Images[0].Image.Rgb.ToArray();
        GenerationResult batch = pipeline.Generate(request with { Seed = Seed - 1, ImageCount = 3 });
        Assert.Equal(alone, batch.Images[1].Image.Rgb.ToArray());
        Assert.NotEqual(alone, batch.Images[0].Image.Rgb.ToArray());

        using DiffusionPipeline together = new DiffusionPipelineBuilder()
            .UseModelFolder(folders[family], CPU)
            .UseScheduler(scheduler)
            .Configure(o => o.BatchSize = 3)
            .Build();
        byte[] shared = together.Generate(request with { Seed = Seed - 1, ImageCount = 3 }).Images[1].Image.Rgb.ToArray();
        Assert.All(alone.Zip(shared), p => Assert.InRange(p.First - p.Second, -1, 1));
    }

    [Fact]
    public void Perturbed_attention_guidance_works_on_inpainting_models()
    {
        using DiffusionPipeline plain = new DiffusionPipelineBuilder().UseModelFolder(folders["sd1-inpaint"], CPU).Build();
        using DiffusionPipeline perturbed = new DiffusionPipelineBuilder().UseModelFolder(folders["sd1-inpaint"], CPU)
            .UseGuidance(new PerturbedAttentionGuidance(new ClassifierFreeGuidance())).Build();
        GenerationRequest request = s_request with { Mask = TaskImages.Mask };
        Assert.NotEqual(plain.Generate(request).Images[0].Image.Rgb.ToArray(), perturbed.Generate(request).Images[0].Image.Rgb.ToArray());
    }

    [Fact]
    public void The_image_is_resized_or_gives_the_size()
    {
        using DiffusionPipeline pipeline = new DiffusionPipelineBuilder().UseModelFolder(folders["sd1"], CPU).Build();
        ImageBuffer own = pipeline.Generate(s_request with { Steps = 2 }).Images[0].Image;
        Assert.Equal((24, 16), (own.Width, own.Height));
        GenerationRequest larger = s_request with { Steps = 2, Width = 32, Mask = TaskImages.Mask };
        GenerationResult result = pipeline.Generate(larger);
        Assert.Equal((32, 16), (result.Images[0].Image.Width, result.Images[0].Image.Height));
        Assert.Equal(result.Images[0].Image.Rgb.ToArray(), pipeline.Generate(larger with
        {
            Width = null, InitialImage = TaskImages.Image.Resize(32, 16), Mask = TaskImages.Mask.Resize(32, 16),
        }).Images[0].Image.Rgb.ToArray());
    }

    [Fact]
    public void Progress_counts_the_evaluations_that_are_left()
    {
        using DiffusionPipeline pipeline = new DiffusionPipelineBuilder().UseModelFolder(folders["sd1"], CPU).UseScheduler("heun").Build();
        var seen = new List<GenerationProgress>();
        pipeline.Generate(s_request with { ImageCount = 2 }, new Report(seen.Add));

        // Heun's method evaluates twice in each of four steps but the last.
        Assert.Equal(Enumerable.Range(1, 14), seen.Select(p => p.CompletedSteps));
        Assert.All(seen, p => Assert.Equal(14, p.TotalSteps));
        Assert.Equal(0.8, pipeline.Generate(s_request with { Strength = null, Steps = 2 }).Request.Strength);
    }

    [Fact]
    public void A_scheduler_that_cannot_begin_within_says_so()
    {
        using DiffusionPipeline pipeline = new DiffusionPipelineBuilder().UseModelFolder(folders["sd1"], CPU).UseScheduler("pndm").Build();
        Assert.Contains(
            "skip_prk_steps",
            Assert.Throws<ArgumentException>(() => pipeline.Generate(s_request)).Message,
            StringComparison.Ordinal);
        Assert.Single(pipeline.Generate(s_request with { Strength = 1 }).Images);
    }

    /// <summary>The mask at a regular grid of pixels, from the pattern of its image.</summary>
    private static Tensor Repainted(int factor)
    {
        int width = TaskImages.Width / factor, height = TaskImages.Height / factor;
        return tensor(
            [.. Enumerable.Range(0, width * height).Select(i => TaskImages.IsRepainted(i % width * factor, i / width * factor) ? 1f : 0)],
            [1, 1, height, width]);
    }

    private sealed class Report(Action<GenerationProgress> action) : IProgress<GenerationProgress>
    {
        void IProgress<GenerationProgress>.Report(GenerationProgress value) => action(value);
    }
}
