using TorchSharp;
using Xunit;
using static TorchSharp.torch;

namespace LatentDiffusion.Tests.Imaging;

public sealed class ImageTensorTests : IDisposable
{
    private readonly DisposeScope _scope = NewDisposeScope();

    [Fact]
    public void Every_level_round_trips()
    {
        byte[] rgb = [.. Enumerable.Range(0, 16 * 16 * 3).Select(i => (byte)(i * 7 / 3))];
        var image = new ImageBuffer(16, 16, rgb);
        Tensor pixels = ImageTensor.FromImage(image);
        Assert.Equal([1L, 3, 16, 16], pixels.shape);
        Assert.Equal(ScalarType.Float32, pixels.dtype);
        Assert.Equal(rgb, Assert.Single(ImageTensor.ToImages(pixels)).Rgb.ToArray());
    }

    [Fact]
    public void Channels_and_rows_are_in_order()
    {
        var first = new ImageBuffer(2, 1, [0, 255, 51, 255, 0, 204]);
        var second = new ImageBuffer(2, 1, [0, 0, 0, 255, 255, 255]);
        Tensor pixels = ImageTensor.FromImages([first, second]);
        Assert.Equal([2L, 3, 1, 2], pixels.shape);
        Assert.Equal([-1f, 1f, 1f, -1f, -0.6f, 0.6f], pixels[0].flatten().data<float>().ToArray(), (a, b) => Math.Abs(a - b) < 1e-6);
        Assert.Equal(second.Rgb.ToArray(), ImageTensor.ToImages(pixels)[1].Rgb.ToArray());
        Assert.Throws<ArgumentException>(() => ImageTensor.FromImages([first, new ImageBuffer(1, 1, [0, 0, 0])]));
        Assert.Throws<ArgumentException>(() => ImageTensor.FromImages([]));
    }

    [Fact]
    public void Values_out_of_range_are_clamped()
    {
        Tensor pixels = tensor(new[] { -9f, 9f, float.NaN, float.PositiveInfinity, 0.001f, -0.0001f }).view(1, 3, 1, 2);
        Assert.Equal([0, 0, 128, 255, 255, 127], ImageTensor.ToImages(pixels)[0].Rgb.ToArray());
        Assert.Equal(2, ImageTensor.ToImages(zeros(2, 3, 4, 5, ScalarType.BFloat16)).Length);
        Assert.Throws<ArgumentException>(() => ImageTensor.ToImages(zeros(3, 4, 5)));
    }

    [Fact]
    public void No_tensor_is_leaked()
    {
        var image = new ImageBuffer(2, 1, [0, 255, 51, 255, 0, 204]);
        long before = DisposeScopeManager.Statistics.ThreadTotalLiveCount;
        Tensor zero = zeros(2, 3, 4, 5);
        ImageTensor.ToImages(zero);
        ImageTensor.FromImage(image).Dispose();
        zero.Dispose();
        Assert.Equal(before, DisposeScopeManager.Statistics.ThreadTotalLiveCount);
    }

    public void Dispose() => _scope.Dispose();
}
