using TorchSharp;
using Xunit;
using static TorchSharp.torch;

namespace LatentDiffusion.Tests.Pipelines;

[Collection(LiveTensors.Collection)]
public sealed class DiffusionPipelineTests(TinyModel model) : IClassFixture<TinyModel>
{
    private static readonly GenerationRequest s_request = new() { Prompt = "a blue bird", Seed = 7, Steps = 4 };

    [Fact]
    public async Task One_seed_gives_the_same_bytes_alone_or_with_others()
    {
        using DiffusionPipeline pipeline = model.Builder().Build();
        byte[] alone = Pixels(pipeline.Generate(s_request))[0];

        byte[][] batch = Pixels(pipeline.Generate(s_request with { Seed = 5, ImageCount = 4 }));
        Assert.Equal(alone, batch[2]);
        Assert.NotEqual(batch[1], batch[2]);

        byte[][][] concurrent = await Task.WhenAll(Enumerable.Range(0, 4).Select(async i =>
            Pixels(await pipeline.GenerateAsync(s_request with { Seed = 4 + (ulong)i, ImageCount = 2 }))));
        Assert.Equal(alone, concurrent[3][0]);
        Assert.Equal(alone, concurrent[2][1]);
        Assert.Equal(batch[1], concurrent[2][0]);
    }

    [Fact]
    public void Images_that_share_evaluations_differ_only_by_rounding()
    {
        using DiffusionPipeline single = model.Builder().Build();
        using DiffusionPipeline batched = model.Builder().Configure(o => o.BatchSize = 3).Build();
        byte[][] expected = Pixels(single.Generate(s_request with { ImageCount = 5 }));
        byte[][] actual = Pixels(batched.Generate(s_request with { ImageCount = 5 }));
        foreach ((byte[] one, byte[] other) in expected.Zip(actual))
            Assert.All(one.Zip(other), p => Assert.InRange(p.First - p.Second, -1, 1));
    }

    [Fact]
    public void The_latents_are_those_of_a_plain_loop()
    {
        // DDIM with eta 0 and guidance, written out from Song et al. 2021, equation 12, and Ho & Salimans 2022, equation 6.
        using DiffusionModel parts = DiffusionModel.Open(model.Folder, CPU);
        using IDisposable noGrad = no_grad();
        using DisposeScope scope = NewDisposeScope();
        NoiseSchedule schedule = parts.SchedulerConfig.ToNoiseSchedule();
        Conditioning text = parts.TextEncoder.Encode(["a blue bird"]), empty = parts.TextEncoder.Encode([""]);
        Tensor x = randn(1, 4, 8, 8, generator: new Generator(7));
        for (int t = 750; t >= 0; t -= 250)
        {
            Tensor conditional = parts.Denoiser.Predict(x, t, text), unconditional = parts.Denoiser.Predict(x, t, empty);
            Tensor epsilon = unconditional + 3 * (conditional - unconditional);
            double alphaBar = schedule.AlphasCumprod[t], previous = t >= 250 ? schedule.AlphasCumprod[t - 250] : 1;
            Tensor sample = (x - Math.Sqrt(1 - alphaBar) * epsilon) / Math.Sqrt(alphaBar);
            x = Math.Sqrt(previous) * sample + Math.Sqrt(1 - previous) * epsilon;
        }

        byte[] expected = ImageTensor.ToImages(parts.Autoencoder.Decode(x))[0].Rgb.ToArray();
        using DiffusionPipeline pipeline = model.Builder().UseClassifierFreeGuidance(3).Build();
        Assert.All(expected.Zip(Pixels(pipeline.Generate(s_request))[0]), p => Assert.InRange(p.First - p.Second, -1, 1));
    }

    [Fact]
    public void No_tensor_outlives_a_finished_or_cancelled_generation()
    {
        foreach (KnownScheduler scheduler in new[]
        {
            KnownSchedulers.Ddim,
            KnownSchedulers.Ddpm,
            KnownSchedulers.DpmSolverPlusPlus,
            KnownSchedulers.EulerAncestral,
            KnownSchedulers.UniPC,
        })
        {
            using DiffusionPipeline pipeline = model.Builder().UseScheduler(scheduler.Create).Build();
            pipeline.Generate(s_request);
            long before = LiveTensors.Settled();
            pipeline.Generate(s_request with { ImageCount = 2 });
            Assert.Equal(before, Tensor.TotalCount);

            using var cancellation = new CancellationTokenSource();
            Assert.Throws<OperationCanceledException>(() => pipeline.Generate(
                s_request, new Report(p => { if (p.CompletedSteps == 2) cancellation.Cancel(); }), cancellation.Token));
            Assert.Equal(before, Tensor.TotalCount);
        }
    }

    [Fact]
    public void Cancellation_takes_effect_before_the_next_evaluation()
    {
        using DiffusionPipeline pipeline = model.Builder().Build();
        using var cancellation = new CancellationTokenSource();
        int last = 0;
        Assert.Throws<OperationCanceledException>(() => pipeline.Generate(
            s_request with { Steps = 20 },
            new Report(p =>
            {
                last = p.CompletedSteps;
                if (last == 3) cancellation.Cancel();
            }),
            cancellation.Token));
        Assert.Equal(3, last);
    }

    [Fact]
    public void Progress_counts_every_evaluation_of_every_image()
    {
        using DiffusionPipeline pipeline = model.Builder().Configure(o => o.BatchSize = 2).Build();
        var seen = new List<GenerationProgress>();
        pipeline.Generate(s_request with { ImageCount = 3 }, new Report(seen.Add));
        Assert.Equal(Enumerable.Range(1, 8), seen.Select(p => p.CompletedSteps));
        Assert.All(seen, p => Assert.Equal(8, p.TotalSteps));
    }

    [Fact]
    public void A_png_carries_what_gave_it()
    {
        using DiffusionPipeline pipeline = model.Builder().Build();
        GeneratedImage image = pipeline.Generate(s_request).Images[0];
        byte[] png = image.ToPng();
        Assert.Equal(image.Metadata, PngText.Read(png));
        Assert.Equal("7", image.Metadata["seed"]);
        Assert.Equal(image.Image.Rgb.ToArray(), new SkiaImageCodec().Decode(png).Rgb.ToArray());
    }

    public static TheoryData<GenerationRequest, string> BadRequests => new()
    {
        { s_request with { Steps = 0 }, "Steps is 0" },
        { s_request with { ImageCount = 0 }, "ImageCount is 0" },
        { s_request with { Width = 17 }, "Width is 17" },
        { s_request with { Height = 1 << 20 }, "Height is 1048576" },
        { s_request with { GuidanceScale = double.NaN }, "GuidanceScale is NaN" },
        { s_request with { Prompt = new string('a', 100_000) }, "Prompt is 100000 characters long" },
        { s_request with { Prompt = null! }, "Prompt is null" },
    };

    [Theory, MemberData(nameof(BadRequests))]
    public void A_bad_request_is_refused_before_any_work(GenerationRequest request, string message)
    {
        using DiffusionPipeline pipeline = model.Builder().Build();
        long before = LiveTensors.Settled();
        var e = Assert.Throws<ArgumentException>(() => pipeline.Generate(request, new Report(_ => Assert.Fail("work was done"))));
        Assert.StartsWith(message, e.Message, StringComparison.Ordinal);
        Assert.Equal(before, Tensor.TotalCount);
    }

    private static byte[][] Pixels(GenerationResult result) => [.. result.Images.Select(i => i.Image.Rgb.ToArray())];

    private sealed class Report(Action<GenerationProgress> action) : IProgress<GenerationProgress>
    {
        void IProgress<GenerationProgress>.Report(GenerationProgress value) => action(value);
    }
}
