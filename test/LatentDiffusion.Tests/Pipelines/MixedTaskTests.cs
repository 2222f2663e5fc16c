using Xunit;
using static TorchSharp.torch;

namespace LatentDiffusion.Tests.Pipelines;

/// <summary>All tasks over one set of weights, some at once and some stopped on the way.</summary>
[Collection(LiveTensors.Collection)]
public sealed class MixedTaskTests(TinyModel model) : IClassFixture<TinyModel>
{
    private const int Generations = 24, AtOnce = 4;

    private static readonly GenerationRequest s_text = new() { Prompt = "a blue bird", Steps = 5 };

    private static readonly GenerationRequest s_image = s_text with { InitialImage = TaskImages.Image, Strength = 0.6 };

    private static readonly GenerationRequest[] s_tasks =
    [
        s_text, s_image, s_image with { Mask = TaskImages.Mask }, s_text with { VariationSeed = 7, VariationStrength = 0.5 },
        s_text with { Upscale = new LatentUpscaling { Width = 32, Height = 24 } },
    ];

    [Fact]
    public async Task Each_gives_the_image_it_gives_alone_and_no_tensor_stays()
    {
        using DiffusionPipeline pipeline = model.Builder()
            .UseScheduler("euler-a")
            .Configure(o => o.MaxConcurrentGenerations = AtOnce)
            .Build();
        GenerationRequest[] requests =
        [
            .. Enumerable.Range(0, Generations).Select(i => s_tasks[i % s_tasks.Length] with { Seed = (ulong)i }),
        ];
        byte[][] alone = [.. requests.Select(r => pipeline.Generate(r).Images[0].Image.Rgb.ToArray())];
        long before = LiveTensors.Settled();

        byte[]?[] together = await Task.WhenAll(
            requests.Select((request, i) => Generate(pipeline, request, stopAfter: i % 3 == 2 ? 1 + i % 2 : null)));
        Assert.Equal(before, Tensor.TotalCount);
        for (int i = 0; i < Generations; i++)
        {
            if (i % 3 == 2) Assert.Null(together[i]);
            else Assert.Equal(alone[i], together[i]);
        }
    }

    /// <summary>The pixels; null where it was stopped.</summary>
    private static async Task<byte[]?> Generate(DiffusionPipeline pipeline, GenerationRequest request, int? stopAfter)
    {
        using var stop = new CancellationTokenSource();
        try
        {
            GenerationResult result = await pipeline.GenerateAsync(request, new Stopping(stop, stopAfter), stop.Token);
            return result.Images[0].Image.Rgb.ToArray();
        }
        catch (OperationCanceledException)
        {
            return null;
        }
    }

    private sealed class Stopping(CancellationTokenSource stop, int? after) : IProgress<GenerationProgress>
    {
        public void Report(GenerationProgress value)
        {
            if (value.CompletedSteps == after) stop.Cancel();
        }
    }
}
