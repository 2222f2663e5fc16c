using FineTune;
using Xunit;

namespace LatentDiffusion.Tests.Samples;

public sealed class EdgeAgreementTests
{
    [Theory]
    // A vertical line of five pixels: with itself, one and two pixels apart, and with one half of it.
    [InlineData(3, 5, 1)]
    [InlineData(4, 5, 1)]
    [InlineData(5, 5, 0)]
    // All of the short line is near the long one, and three of five pixels of the long line are near the short one.
    [InlineData(3, 2, 0.75)]
    [InlineData(3, 0, 0)]
    public void It_is_the_F_score_with_a_tolerance_of_one_pixel(int column, int length, double expected)
    {
        ImageBuffer line = Line(3, 5), other = Line(column, length);
        Assert.Equal(expected, EdgeAgreement.Compute(line, other), 1e-12);
        Assert.Equal(expected, EdgeAgreement.Compute(other, line), 1e-12);
    }

    [Fact]
    public void Empty_maps_agree() => Assert.Equal(1, EdgeAgreement.Compute(Line(0, 0), Line(0, 0)));

    private static ImageBuffer Line(int column, int length)
    {
        const int Side = 8;
        byte[] rgb = new byte[Side * Side * 3];
        for (int y = 0; y < length; y++) rgb.AsSpan(3 * (y * Side + column), 3).Fill(255);
        return new ImageBuffer(Side, Side, rgb);
    }
}
