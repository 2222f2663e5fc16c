using LatentDiffusion.Tests.Pipelines;
using TorchSharp;
using Xunit;
using static TorchSharp.torch;

namespace LatentDiffusion.Tests.Upscaling;

/// <summary>Images of any size, in tiles, through a small network.</summary>
public sealed class UpscalerTests(UpscalerFiles files) : IClassFixture<UpscalerFiles>
{
    // One block of 15 convolutions, and those around it: a pixel sees at most 20 pixels on each side. Of an overlap, a quarter is context.
    private static readonly UpscalingOptions s_ample = new() { TileSize = 160, Overlap = 80 };

    [Theory]
    [InlineData(1, 1, 1), InlineData(1, 2, 1), InlineData(2, 1, 1), InlineData(3, 5, 4), InlineData(24, 17, 2), InlineData(2, 41, 1)]
    [InlineData(23, 18, 1), InlineData(40, 33, 4)]
    public void Any_size_is_enlarged_by_the_scale(int width, int height, int scale)
    {
        using ImageUpscaler whole = Open(files.Rrdb(scale), tile: 4096), tiled = Open(files.Rrdb(scale), tile: 16);
        ImageBuffer image = Image(width, height), expected = whole.Upscale(image), found = tiled.Upscale(image);
        Assert.Equal((width * scale, height * scale), (expected.Width, expected.Height));
        Assert.Equal((width * scale, height * scale), (found.Width, found.Height));
    }

    [Theory, InlineData(4), InlineData(2), InlineData(1)]
    public void With_ample_context_tiles_are_the_whole(int scale)
    {
        using ImageUpscaler whole = Open(files.Rrdb(scale), tile: 4096);
        using ImageUpscaler tiled = ImageUpscaler.Open(files.Rrdb(scale), CPU, options: s_ample);
        ImageBuffer image = Image(203, 170), expected = whole.Upscale(image), found = tiled.Upscale(image);
        // Values on the edge between two bytes may round either way.
        Assert.InRange(Largest(expected, found), 0, 1);
        Assert.InRange(Different(expected, found), 0, expected.Rgb.Length / 500);
    }

    [Fact]
    public void Tiles_differ_from_the_whole_only_near_seams()
    {
        using ImageUpscaler whole = Open(files.Rrdb(), tile: 4096), tiled = ImageUpscaler.Open(
            files.Rrdb(), CPU, options: new UpscalingOptions { TileSize = 96, Overlap = 16 });
        ImageBuffer image = Image(150, 30), expected = whole.Upscale(image), found = tiled.Upscale(image);
        // Two tiles, 0 to 96 and 54 to 150: they are blended over the middle half of 42 pixels, and see 20 less at their ends.
        Assert.InRange(Different(expected.Crop(0, 0, 56 * 4, 120), found.Crop(0, 0, 56 * 4, 120)), 0, 20);
        Assert.InRange(Different(expected.Crop(94 * 4, 0, 56 * 4, 120), found.Crop(94 * 4, 0, 56 * 4, 120)), 0, 20);
        Assert.InRange(Largest(expected, found), 0, 8);
    }

    [Fact]
    public void Pixels_are_the_rounded_values_of_the_network()
    {
        using DisposeScope scope = NewDisposeScope();
        using ImageUpscaler upscaler = Open(files.Rrdb(), tile: 4096);
        Dictionary<string, Tensor> weights = UpscalerFiles.Tensors().ToDictionary(t => t.Name, t => t.Values);
        ImageBuffer image = Image(19, 13), found = upscaler.Upscale(image);
        Tensor pixels = tensor([.. image.Rgb.ToArray().Select(b => b / 255f)], [1, 13, 19, 3]).permute(0, 3, 1, 2).contiguous();
        Tensor expected = PlainUpscalers.Rrdb(pixels, weights, 1, 2, 1).clamp(0, 1).permute(0, 2, 3, 1).contiguous();
        byte[] rounded = [.. expected.data<float>().Select(v => (byte)Math.Round(v * 255))];
        Assert.InRange(Largest(new ImageBuffer(76, 52, rounded), found), 0, 1);
        Assert.InRange(rounded.Distinct().Count(), 50, 256);
    }

    [Theory]
    [InlineData(4, 30, 20, 1), InlineData(4, 97, 40, 2), InlineData(2, 97, 40, 3), InlineData(1, 97, 40, 1), InlineData(4, 12, 8, 1)]
    public void A_size_is_reached_by_passes_and_a_filter(int scale, int width, int height, int passes)
    {
        using ImageUpscaler upscaler = Open(files.Rrdb(scale), tile: 4096);
        ImageBuffer image = Image(24, 16), expected = image;
        for (int i = 0; i < passes; i++) expected = upscaler.Upscale(expected);
        var seen = new List<UpscalingProgress>();
        ImageBuffer found = upscaler.Upscale(image, width, height, new Report(seen.Add));
        Assert.Equal(expected.Resize(width, height).Rgb.ToArray(), found.Rgb.ToArray());
        Assert.Equal(Enumerable.Range(1, passes).Select(n => new UpscalingProgress(n, passes)), seen);
    }

    [Fact]
    public async Task Asynchronous_calls_give_the_same()
    {
        using ImageUpscaler upscaler = Open(files.Compact(), tile: 16);
        ImageBuffer image = Image(40, 33);
        var seen = new List<UpscalingProgress>();
        ImageBuffer found = await upscaler.UpscaleAsync(image, new Report(seen.Add), TestContext.Current.CancellationToken);
        Assert.Equal(upscaler.Upscale(image).Rgb.ToArray(), found.Rgb.ToArray());
        Assert.Equal(3 * 3, seen.Count);
        Assert.Equal(new UpscalingProgress(9, 9), seen[^1]);
        found = await upscaler.UpscaleAsync(image, 50, 60, cancellationToken: TestContext.Current.CancellationToken);
        Assert.Equal((50, 60), (found.Width, found.Height));
    }

    [Fact]
    public async Task It_stops_between_two_tiles()
    {
        using ImageUpscaler upscaler = Open(files.Rrdb(), tile: 16);
        using var stop = new CancellationTokenSource();
        var seen = new List<UpscalingProgress>();
        var progress = new Report(p =>
        {
            seen.Add(p);
            if (p.CompletedTiles == 4) stop.Cancel();
        });
        Assert.Throws<OperationCanceledException>(() => upscaler.Upscale(Image(64, 64), progress, stop.Token));
        Assert.Equal(4, seen.Count);
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => upscaler.UpscaleAsync(Image(64, 64), cancellationToken: stop.Token));
    }

    [Fact]
    public async Task Concurrent_calls_give_the_same_bytes()
    {
        using ImageUpscaler upscaler = Open(files.Rrdb(), tile: 16);
        ImageBuffer[] images = [Image(40, 33), Image(17, 29), Image(33, 33), Image(16, 16)];
        byte[][] expected = [.. images.Select(i => upscaler.Upscale(i).Rgb.ToArray())];
        ImageBuffer[] found = await Task.WhenAll(images.Concat(images).Select(
            i => upscaler.UpscaleAsync(i, cancellationToken: TestContext.Current.CancellationToken)));
        Assert.All(found.Index(), f => Assert.Equal(expected[f.Index % images.Length], f.Item.Rgb.ToArray()));
    }

    [Fact]
    public void Disposed_meanwhile_it_ends_in_an_exception()
    {
        ImageUpscaler upscaler = Open(files.Rrdb(), tile: 16);
        var progress = new Report(_ => upscaler.Dispose());
        Assert.Throws<ObjectDisposedException>(() => upscaler.Upscale(Image(64, 64), progress));
        Assert.Throws<ObjectDisposedException>(() => upscaler.Upscale(Image(4, 4)));
    }

    [Fact]
    public void Impossible_sizes_are_refused()
    {
        using ImageUpscaler upscaler = Open(files.Rrdb(), tile: 16);
        Assert.Throws<ArgumentOutOfRangeException>("width", () => upscaler.Upscale(Image(4, 4), 0, 4));
        Assert.Throws<ArgumentOutOfRangeException>("height", () => upscaler.Upscale(Image(4, 4), 4, -1));
        var large = new ImageBuffer(40_000, 2, new byte[40_000 * 2 * 3]);
        string message = Assert.Throws<ArgumentOutOfRangeException>(() => upscaler.Upscale(large, 65_000, 60_000)).Message;
        Assert.Contains("40000 x 2", message, StringComparison.Ordinal);
    }

    [Fact]
    public void Values_that_are_not_finite_are_refused()
    {
        using DisposeScope scope = NewDisposeScope();
        string path = files["broken.safetensors"];
        UpscalerWeights.WriteSafetensors(
            path, UpscalerFiles.Tensors().Select(t => (t.Name, t.Name == "conv_hr.bias" ? t.Values * double.PositiveInfinity : t.Values)));
        using ImageUpscaler upscaler = Open(path, tile: 16);
        string message = Assert.Throws<NonFiniteValuesException>(() => upscaler.Upscale(Image(4, 4))).Message;
        Assert.Contains("NaN or infinity", message, StringComparison.Ordinal);
    }

    [Fact]
    public void Memory_is_that_of_a_row_of_tiles()
    {
        using ImageUpscaler upscaler = Open(files.Rrdb(), tile: 64);
        ImageBuffer small = Image(300, 80), large = Image(300, 640);
        upscaler.Upscale(small);
        (double small, double large) memory = (upscaler.WorkingBytes(300, 80), upscaler.WorkingBytes(300, 640));
        // Eight times the pixels are little more than the bytes of the result.
        Assert.InRange(memory.large - memory.small, 0, 300 * 560 * 3 * (2 * 16 + 4));
    }

    [Fact]
    public void Filters_need_no_network()
    {
        ImageBuffer image = Image(5, 3);
        Assert.Equal(image.Resize(10, 6).Rgb.ToArray(), KnownUpscalers.Lanczos.Upscale(image, 10, 6).Rgb.ToArray());
        ImageBuffer nearest = KnownUpscalers.Nearest.Upscale(image, 10, 6), less = KnownUpscalers.Nearest.Upscale(nearest, 5, 3);
        for (int i = 0; i < 60; i++)
            Assert.Equal(image.Rgb.Slice((i / 20 * 5 + i % 10 / 2) * 3, 3).ToArray(), nearest.Rgb.Slice(i * 3, 3).ToArray());
        Assert.Equal(image.Rgb.ToArray(), less.Rgb.ToArray());
        Assert.True(KnownUpscalers.TryGet("LANCZOS", out IImageUpscaler? lanczos) && lanczos == KnownUpscalers.Lanczos);
        Assert.False(KnownUpscalers.TryGet("bicubic", out _));
        Assert.Throws<ArgumentOutOfRangeException>("width", () => KnownUpscalers.Nearest.Upscale(image, 0, 1));
    }

    private static ImageUpscaler Open(string path, int tile) =>
        ImageUpscaler.Open(path, CPU, options: new UpscalingOptions { TileSize = tile, Overlap = Math.Min(32, tile / 4) });

    private static ImageBuffer Image(int width, int height) => TaskImages.Create(
        width, height, (x, y) => ((byte)(x * 7 + y), (byte)(y * 13 + 40), (byte)((x * y * 5 + 3 * x) % 256)));

    private static int Largest(ImageBuffer one, ImageBuffer other) =>
        one.Rgb.ToArray().Zip(other.Rgb.ToArray(), (a, b) => Math.Abs(a - b)).Max();

    private static int Different(ImageBuffer one, ImageBuffer other) =>
        one.Rgb.ToArray().Zip(other.Rgb.ToArray(), (a, b) => a == b ? 0 : 1).Sum();

    private sealed class Report(Action<UpscalingProgress> action) : IProgress<UpscalingProgress>
    {
        void IProgress<UpscalingProgress>.Report(UpscalingProgress value) => action(value);
    }
}
