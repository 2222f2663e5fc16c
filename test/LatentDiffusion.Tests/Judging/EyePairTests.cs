using LatentDiffusion.Judge;
using LatentDiffusion.Models.Drawings;
using Xunit;

namespace LatentDiffusion.Tests.Judging;

/// <summary>The measure of equal eyes.</summary>
public sealed class EyePairTests
{
    private const int Side = 256;
    private const double Radius = 14;

    [Fact]
    public void Equal_eyes_do_not_differ_although_their_highlights_are_on_the_same_side() =>
        Assert.InRange(Difference(Face((100, 90, 1), (156, 90, 1))), 0, 0.02);

    [Theory]
    [InlineData(96, 1)]
    [InlineData(84, 1)]
    [InlineData(90, 0.7)]
    [InlineData(90, 1.3)]
    public void Eyes_of_unequal_height_or_shape_differ(int y, double tall) =>
        Assert.InRange(Difference(Face((100, 90, 1), (156, y, tall))), 0.08, 1);

    [Fact]
    public void A_larger_inequality_is_a_larger_difference()
    {
        double[] differences = [.. new[] { 90, 92, 95, 98 }.Select(y => Difference(Face((100, 90, 1), (156, y, 1))))];
        Assert.Equal(differences.Order(), differences);
        Assert.True(differences[^1] > 3 * differences[1]);
    }

    [Fact]
    public void Noses_white_paws_and_single_eyes_are_not_pairs_of_eyes()
    {
        Assert.Null(EyePair.Find(Face((100, 90, 1))));
        byte[] rgb = Face((100, 90, 1), (156, 90, 1)).Rgb.ToArray();
        // A nose without a highlight, and two paws with an outline.
        Fill(rgb, 128, 110, 8, 6, 20);
        foreach (int x in new[] { 90, 166 })
        {
            Fill(rgb, x, 200, 22, 14, 20);
            Fill(rgb, x, 200, 20, 12, 252);
        }

        EyePair pair = EyePair.Find(new ImageBuffer(Side, Side, rgb))!;
        Assert.True(pair.Left.Y < 100 && pair.Right.Y < 100);
    }

    [Theory]
    [InlineData(128, 0.12)]
    [InlineData(256, 0.08)]
    public void The_eyes_of_drawings_are_found_and_nearly_equal(int size, double most)
    {
        DrawingCombination[] faces = [.. DrawingCatalog.HeldOut.Where(c => FrontalFaces.Has(c) && c.Color.Length > 0)];
        var source = new DrawingSource(9, DrawingSplit.HeldOut, size);
        double?[] differences = [.. faces.AsParallel().Select(c =>
        {
            var image = new ImageBuffer(size, size, source.Draw(c, 0).Rgb.Span);
            return EyePair.Find(image)?.MirrorDifference(image);
        })];
        Assert.InRange((double)differences.Count(d => d is not null) / differences.Length, 0.97, 1);
        Assert.InRange(differences.Average()!.Value, 0, most);
    }

    private static double Difference(ImageBuffer face) => EyePair.Find(face)!.MirrorDifference(face);

    private static ImageBuffer Face(params (int X, int Y, double Tall)[] eyes)
    {
        byte[] rgb = new byte[3 * Side * Side];
        Array.Fill(rgb, (byte)200);
        foreach ((int x, int y, double tall) in eyes)
        {
            Fill(rgb, x, y, 0.92 * Radius, 1.2 * Radius * tall, 20);
            Fill(rgb, x - 0.28 * Radius, y - 0.46 * Radius, 0.38 * Radius, 0.42 * Radius, 255);
        }

        return new ImageBuffer(Side, Side, rgb);
    }

    // An ellipse.
    private static void Fill(byte[] rgb, double x, double y, double radiusX, double radiusY, byte value)
    {
        for (int row = 0; row < Side; row++)
            for (int column = 0; column < Side; column++)
            {
                double dx = (column - x) / radiusX, dy = (row - y) / radiusY;
                if (dx * dx + dy * dy <= 1) rgb.AsSpan(3 * (row * Side + column), 3).Fill(value);
            }
    }
}
