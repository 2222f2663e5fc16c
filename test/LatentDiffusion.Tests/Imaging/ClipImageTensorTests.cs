using LatentDiffusion.Tests.Pipelines;
using TorchSharp;
using Xunit;
using static TorchSharp.torch;

namespace LatentDiffusion.Tests.Imaging;

/// <summary>Preprocessing for CLIP's vision tower, against PIL 9.4: resized (bicubic) and cut as <c>CLIPImageProcessor</c> does.</summary>
[NoTensorLeaks, Collection(LiveTensors.Collection)]
public sealed class ClipImageTensorTests
{
    /// <summary>Width, height, side of the square, its first bytes, and a sum of all bytes weighted by their position.</summary>
    public static TheoryData<int, int, int, string, long> Figures => new()
    {
        { 9, 7, 4, "336e767d6aad6ec7c58c7e5e9180925c556e7f8580967f956443926c5e7984b7975d925f", 149251 },
        { 5, 8, 12, "4073be4981a25baf5b73cb1d888d309d2f6bb615a0d93cd7d368f1778eca19aa9901b788", 5873226 },
        { 40, 25, 6, "7d847482717b777d787989757c8183777f907584758662757591818677787a79858e8189", 760246 },
        { 6, 6, 6, "00356a255a8f4a7fb46fa4d994c9feb9ee23477cb177c91ba71685d763ef07b08e37fdf8", 772374 },
        { 30, 3, 3, "e1164b063b702b6095b79ab2e71c511769bb8d534ec8fd320372e1", 46194 },
    };

    [Theory, MemberData(nameof(Figures))]
    public void The_middle_square_is_that_of_the_published_preprocessing(int width, int height, int size, string first, long sum)
    {
        byte[] square = ClipImageTensor.Square(Image(width, height), size).Rgb.ToArray();
        Assert.Equal(size * size * 3, square.Length);
        Assert.Equal(first, Convert.ToHexStringLower(square.AsSpan(0, first.Length / 2)));
        Assert.Equal(sum, square.Index().Sum(b => (b.Index % 251L + 1) * b.Item));
    }

    [Fact]
    public void Pixels_are_normalised_by_the_statistics_of_the_training_images()
    {
        using DisposeScope scope = NewDisposeScope();
        Tensor black = ClipImageTensor.FromImage(TaskImages.Create(5, 9, (_, _) => (0, 0, 0)), 4);
        Assert.Equal([1L, 3, 4, 4], black.shape);
        // (0 − mean) / deviation, and for white (1 − mean) / deviation.
        float[] dark = [-1.7922626f, -1.7520971f, -1.4802198f], light = [1.9303361f, 2.0748837f, 2.145897f];
        Tensor white = ClipImageTensor.FromImage(TaskImages.Create(9, 5, (_, _) => (255, 255, 255)), 4);
        for (int c = 0; c < 3; c++)
        {
            Assert.InRange(black[0, c, 0, 0].item<float>() - dark[c], -1e-5f, 1e-5f);
            Assert.InRange(white[0, c, 3, 3].item<float>() - light[c], -1e-5f, 1e-5f);
        }
    }

    private static ImageBuffer Image(int width, int height)
    {
        return TaskImages.Create(width, height, (x, y) => (Level(x, y, 0), Level(x, y, 1), Level(x, y, 2)));

        static byte Level(int x, int y, int c) => (byte)((x * 37 + y * 71 + c * 53 + x * y * 11 + x * y * c % 7 * 29) % 256);
    }
}
