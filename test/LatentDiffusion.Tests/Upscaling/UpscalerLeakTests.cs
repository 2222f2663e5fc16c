using LatentDiffusion.Tests.Pipelines;
using Xunit;
using static TorchSharp.torch;

namespace LatentDiffusion.Tests.Upscaling;

/// <summary>No tensor outlives a call, whether it ends with an image or not.</summary>
[Collection(LiveTensors.Collection), NoTensorLeaks]
public sealed class UpscalerLeakTests(UpscalerLeakTests.WarmUpscalers warm) : IClassFixture<UpscalerLeakTests.WarmUpscalers>
{
    [Theory, InlineData(0), InlineData(1)]
    public void An_upscaled_image(int network) => Assert.Equal(96, warm.Upscalers[network].Upscale(TaskImages.Image, 96, 64).Width);

    [Theory, InlineData(0), InlineData(1)]
    public void A_cancelled_call(int network)
    {
        using var stop = new CancellationTokenSource();
        var progress = new Stop(stop);
        Assert.Throws<OperationCanceledException>(() => warm.Upscalers[network].Upscale(TaskImages.Image, progress, stop.Token));
    }

    [Fact]
    public void A_callback_that_throws() =>
        Assert.Throws<NotSupportedException>(() => warm.Upscalers[0].Upscale(TaskImages.Image, new Throw()));

    [Fact]
    public async Task Concurrent_calls() => await Task.WhenAll(Enumerable.Range(0, 4).Select(
        i => warm.Upscalers[i % 2].UpscaleAsync(TaskImages.Image, cancellationToken: TestContext.Current.CancellationToken)));

    /// <summary>Upscalers that have computed before.</summary>
    public sealed class WarmUpscalers : IDisposable
    {
        private readonly UpscalerFiles _files = new();

        public WarmUpscalers()
        {
            var options = new UpscalingOptions { TileSize = 16, Overlap = 4 };
            Upscalers = [.. new[] { _files.Rrdb(2), _files.Compact() }.Select(path => ImageUpscaler.Open(path, CPU, options: options))];
            foreach (ImageUpscaler upscaler in Upscalers) upscaler.Upscale(TaskImages.Image);
        }

        public IReadOnlyList<ImageUpscaler> Upscalers { get; }

        public void Dispose()
        {
            foreach (ImageUpscaler upscaler in Upscalers) upscaler.Dispose();
            _files.Dispose();
        }
    }

    private sealed class Stop(CancellationTokenSource source) : IProgress<UpscalingProgress>
    {
        public void Report(UpscalingProgress value) => source.Cancel();
    }

    private sealed class Throw : IProgress<UpscalingProgress>
    {
        public void Report(UpscalingProgress value) => throw new NotSupportedException();
    }
}
