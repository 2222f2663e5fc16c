using Xunit;
using static TorchSharp.torch;

namespace LatentDiffusion.Tests.Pipelines;

[Collection(LiveTensors.Collection)]
public sealed class StreamTests(TinyModel model) : IClassFixture<TinyModel>
{
    private static readonly GenerationRequest s_request = new() { Prompt = "a blue bird", Seed = 7, Steps = 4, ImageCount = 2 };

    [Fact]
    public async Task A_stream_tells_every_step_and_ends_with_the_result()
    {
        using DiffusionPipeline pipeline = model.Builder().Build();
        List<GenerationUpdate> updates = await All(pipeline.GenerateStreamingAsync(s_request));
        Assert.Equal([1, 2, 3, 4, 5, 6, 7, 8, 8], updates.Select(u => u.Progress.CompletedSteps));
        Assert.Equal([0, 0, 0, 0, 1, 1, 1, 1, 1], updates.Select(u => u.Progress.ImageIndex));
        Assert.All(updates.SkipLast(1), u =>
        {
            Assert.Null(u.Result);
            ImageBuffer preview = Assert.Single(u.Previews);
            Assert.Equal((8, 8), (preview.Width, preview.Height));
        });
        Assert.Empty(updates[^1].Previews);
        Assert.Equal(
            pipeline.Generate(s_request).Images.Select(i => i.Image.Rgb.ToArray()),
            updates[^1].Result!.Images.Select(i => i.Image.Rgb.ToArray()));
    }

    [Theory]
    [InlineData(0, new int[0])]
    [InlineData(3, new[] { 3, 6 })]
    public async Task Previews_are_as_frequent_as_asked_for(int every, int[] expected)
    {
        using DiffusionPipeline pipeline = model.Builder().Build();
        List<GenerationUpdate> updates = await All(pipeline.GenerateStreamingAsync(s_request, every));
        Assert.Equal(expected, updates.Where(u => u.Previews.Count > 0).Select(u => u.Progress.CompletedSteps));
    }

    [Fact]
    public async Task Images_that_share_evaluations_have_a_preview_each()
    {
        using DiffusionPipeline pipeline = model.Builder().Configure(o => o.BatchSize = 2).UsePreview(new Gray()).Build();
        List<GenerationUpdate> updates = await All(pipeline.GenerateStreamingAsync(s_request with { ImageCount = 3 }));
        Assert.Equal([2, 2, 2, 2, 1, 1, 1, 1, 0], updates.Select(u => u.Previews.Count));
        Assert.Equal(128, updates[0].Previews[0].Rgb[0]);
    }

    [Fact]
    public async Task Leaving_or_cancelling_a_stream_stops_the_generation()
    {
        using var probed = new ProbedModel(model.Folder);
        using DiffusionPipeline pipeline = probed.Builder().Build();
        GenerationRequest request = ProbedModel.Request("a") with { Steps = 1000 };
        probed.BeforeEvaluation = () => Thread.Sleep(1);
        await foreach (GenerationUpdate _ in pipeline.GenerateStreamingAsync(request)) break;
        long before = LiveTensors.Settled();
        int evaluations = probed.Evaluations;
        await foreach (GenerationUpdate _ in pipeline.GenerateStreamingAsync(request)) break;
        Assert.Equal(before, Tensor.TotalCount);
        Assert.InRange(probed.Evaluations - evaluations, 1, 500);

        using var cancellation = new CancellationTokenSource();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(async () =>
        {
            await foreach (GenerationUpdate update in pipeline.GenerateStreamingAsync(request).WithCancellation(cancellation.Token))
                if (update.Progress.CompletedSteps == 2) await cancellation.CancelAsync();
        });
        Assert.Equal(before, Tensor.TotalCount);
    }

    [Fact]
    public void A_bad_request_is_refused_at_the_call()
    {
        using DiffusionPipeline pipeline = model.Builder().Build();
        Assert.StartsWith(
            "Steps is 0",
            Assert.Throws<ArgumentException>(() => pipeline.GenerateStreamingAsync(s_request with { Steps = 0 })).Message,
            StringComparison.Ordinal);
        Assert.Throws<ArgumentOutOfRangeException>(() => pipeline.GenerateStreamingAsync(s_request, -1));
    }

    private static async Task<List<GenerationUpdate>> All(IAsyncEnumerable<GenerationUpdate> stream)
    {
        var updates = new List<GenerationUpdate>();
        await foreach (GenerationUpdate update in stream) updates.Add(update);
        return updates;
    }

    private sealed class Gray : ILatentPreview
    {
        public Tensor Decode(Tensor latents) => zeros(latents.shape[0], 3, 1, 1);
    }
}
