using Xunit;
using static TorchSharp.torch;

namespace LatentDiffusion.Tests.Pipelines;

/// <summary>Limits for the callers of a service: size, number, memory, queue, and calls from callbacks.</summary>
public sealed class LimitTests(TinyModel model) : IClassFixture<TinyModel>
{
    private static readonly TimeSpan s_patience = TimeSpan.FromSeconds(60);

    private static readonly ImageBuffer s_large = new(64, 64, new byte[64 * 64 * 3]);

    public static TheoryData<GenerationRequest, string, long, long> Excessive => new()
    {
        { ProbedModel.Request("a") with { Width = 32, Height = 34 }, "MaximumPixels", 32 * 34, 1024 },
        { ProbedModel.Request("a") with { Upscale = new LatentUpscaling { Width = 64, Height = 64 } }, "MaximumPixels", 4096, 1024 },
        { ProbedModel.Request("a") with { InitialImage = s_large }, "MaximumPixels", 4096, 1024 },
        { ProbedModel.Request("a") with { ImageCount = 4 }, "MaximumImages", 4, 3 },
    };

    [Theory]
    [MemberData(nameof(Excessive), DisableDiscoveryEnumeration = true)]
    public async Task A_request_beyond_a_limit_is_refused_before_any_work(
        GenerationRequest request,
        string limit,
        long requested,
        long maximum)
    {
        using var probed = new ProbedModel(model.Folder);
        using DiffusionPipeline pipeline = probed.Builder().Configure(o => (o.MaximumPixels, o.MaximumImages) = (1024, 3)).Build();
        Check(Assert.Throws<GenerationLimitException>(() => pipeline.Generate(request)));
        Check(Assert.Throws<GenerationLimitException>(() => pipeline.GenerateStreamingAsync(request)));
        Check(await Assert.ThrowsAsync<GenerationLimitException>(() => pipeline.GenerateAsync([request])));
        Assert.Empty(probed.Work);
        Assert.Equal(3, pipeline.Generate(ProbedModel.Request("a") with { Width = 32, Height = 32, ImageCount = 3 }).Images.Count);

        void Check(GenerationLimitException e)
        {
            Assert.Equal((limit, requested, maximum, false), (e.Limit, e.Requested, e.Maximum, e.IsTransient));
            Assert.Contains($"{limit} is {maximum}", e.Message, StringComparison.Ordinal);
        }
    }

    [Fact]
    public void Images_of_all_requests_together_are_counted()
    {
        using var probed = new ProbedModel(model.Folder);
        using DiffusionPipeline pipeline = probed.Builder().Configure(o => o.MaximumImages = 3).Build();
        GenerationRequest two = ProbedModel.Request("a") with { ImageCount = 2 };
        Assert.Equal(4, Assert.Throws<GenerationLimitException>(() => pipeline.Generate([two, two])).Requested);
        Assert.Empty(probed.Work);
    }

    [Fact]
    public async Task A_full_queue_refuses_and_may_be_tried_again()
    {
        using var probed = new ProbedModel(model.Folder);
        using DiffusionPipeline pipeline = probed.Builder()
            .Configure(o => (o.MaxConcurrentGenerations, o.MaximumQueueLength) = (1, 1))
            .Build();
        using var gate = new ManualResetEventSlim();
        probed.BeforeEvaluation = () => Assert.True(gate.Wait(s_patience));
        Task<GenerationResult> running = pipeline.GenerateAsync(ProbedModel.Request("running")),
            waiting = pipeline.GenerateAsync(ProbedModel.Request("waiting"));
        var e = await Assert.ThrowsAsync<GenerationLimitException>(() => pipeline.GenerateAsync(ProbedModel.Request("refused")));
        Assert.Equal(("MaximumQueueLength", 1, true), (e.Limit, e.Maximum, e.IsTransient));
        Assert.Throws<GenerationLimitException>(() => pipeline.Generate(ProbedModel.Request("refused")));
        gate.Set();
        await Task.WhenAll(running, waiting);
        await pipeline.GenerateAsync(ProbedModel.Request("later"));
        Assert.DoesNotContain("refused", probed.Encoded);
    }

    [Fact]
    public async Task Generations_wait_until_their_memory_is_there()
    {
        int running = 0, most = 0;
        // 20 images of 64 x 64 x 3 bytes and 32 x 32 x 4 latents of four bytes are 560 KiB: two do not fit into 1 MiB.
        using var probed = new ProbedModel(model.Folder);
        GenerationRequest request = ProbedModel.Request("a") with { Width = 64, Height = 64, Steps = 1, ImageCount = 20 };
        probed.BeforeWork = work =>
        {
            if (work != "evaluate") return;
            int now = Interlocked.Increment(ref running);
            lock (probed) most = Math.Max(most, now);
            Thread.Sleep(5);
            Interlocked.Decrement(ref running);
        };
        using DiffusionPipeline pipeline = probed.Builder().Configure(o => o.MaximumMemory = 1 << 20).Build();
        await Task.WhenAll(Enumerable.Range(0, 3).Select(_ => pipeline.GenerateAsync(request)));
        Assert.Equal(1, most);
        var e = Assert.Throws<GenerationLimitException>(() => pipeline.Generate(request with { ImageCount = 40 }));
        Assert.Equal(("MaximumMemory", 1L << 20, false), (e.Limit, e.Maximum, e.IsTransient));
        Assert.True(e.Requested > e.Maximum);
    }

    [Fact]
    public void The_estimate_follows_size_batch_guidance_and_type()
    {
        GenerationRequest request = ProbedModel.Request("a") with { Width = 256, Height = 256, ImageCount = 4, GuidanceScale = 1 };
        long plain = Estimate(request);
        Assert.InRange(Estimate(request with { Width = 512 }) / (double)plain, 1.9, 2.1);
        Assert.InRange(Estimate(request, o => o.BatchSize = 4) / (double)plain, 3, 4);
        Assert.InRange(Estimate(request with { GuidanceScale = 5 }) / (double)plain, 1.5, 2);

        using DiffusionModel single = DiffusionModel.Open(model.Folder, CPU),
            half = DiffusionModel.Open(model.Folder, CPU, ScalarType.BFloat16);
        // Two maps of the block before and one of the last block, at the size of the image.
        const long Pixel = (2 * 16 + 8) * 4;
        Assert.Equal(3 * 65536 * Pixel, single.Autoencoder.WorkingBytes(3, 65536));
        Assert.Equal(
            64 * 64 * Pixel, TiledAutoencoder.Wrap(single.Autoencoder, new TilingOptions { TileSize = 64 }).WorkingBytes(1, 65536));
        Assert.Equal(65536 * Pixel, new SlicedAutoencoder(single.Autoencoder).WorkingBytes(3, 65536));
        Assert.Equal(65536 * Pixel / 2, half.Autoencoder.WorkingBytes(1, 65536));
        Assert.Equal(single.Denoiser.WorkingBytes(2, 64), 2 * 2 * half.Denoiser.WorkingBytes(1, 64));
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_generation_that_waits_for_its_own_caller_is_refused(bool onThread)
    {
        using var probed = new ProbedModel(model.Folder);
        using DiffusionPipeline pipeline = probed.Builder().Configure(o => o.MaxConcurrentGenerations = 1).Build();
        var nested = new Nested(() =>
        {
            if (onThread) pipeline.Generate(ProbedModel.Request("nested"));
            else Task.Run(() => pipeline.GenerateAsync(ProbedModel.Request("nested"))).GetAwaiter().GetResult();
        });
        var e = await Assert.ThrowsAsync<InvalidOperationException>(
            () => pipeline.GenerateAsync(ProbedModel.Request("outer"), nested).WaitAsync(s_patience));
        Assert.Contains("MaxConcurrentGenerations is 1", e.Message, StringComparison.Ordinal);
        Assert.DoesNotContain("nested", probed.Encoded);
        Assert.Single(pipeline.Generate(ProbedModel.Request("after")).Images);
    }

    [Fact]
    public async Task A_generation_from_a_callback_runs_where_there_is_room()
    {
        using var probed = new ProbedModel(model.Folder);
        using DiffusionPipeline two = probed.Builder().Configure(o => o.MaxConcurrentGenerations = 2).Build(),
            other = probed.Builder().Configure(o => o.MaxConcurrentGenerations = 1).Build();
        await two.GenerateAsync(ProbedModel.Request("outer"), new Nested(() =>
        {
            two.Generate(ProbedModel.Request("nested"));
            other.Generate(ProbedModel.Request("elsewhere"));
        })).WaitAsync(s_patience);
        Assert.Equal(["outer", "nested", "elsewhere", "nested", "elsewhere"], probed.Encoded);

        // Progress<T> posts its reports, and its handlers may wait.
        Task<GenerationResult>? posted = null;
        var posting = new Progress<GenerationProgress>(_ => posted ??= other.GenerateAsync(ProbedModel.Request("posted")));
        await other.GenerateAsync(ProbedModel.Request("posting") with { Steps = 50 }, posting).WaitAsync(s_patience);
        while (Volatile.Read(ref posted) is null) await Task.Yield();
        Assert.Single((await posted!.WaitAsync(s_patience)).Images);
    }

    private long Estimate(GenerationRequest request, Action<DiffusionPipelineOptions>? configure = null)
    {
        using DiffusionPipeline pipeline = model.Builder()
            .Configure(configure ?? (_ => { }))
            .Configure(o => o.MaximumMemory = 1 << 20)
            .Build();
        return Assert.Throws<GenerationLimitException>(() => pipeline.Generate(request)).Requested;
    }

    private sealed class Nested(Action action) : IProgress<GenerationProgress>
    {
        public void Report(GenerationProgress value) => action();
    }
}
