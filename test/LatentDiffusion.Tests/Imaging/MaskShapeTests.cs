using LatentDiffusion.Tests.Pipelines;
using Xunit;

namespace LatentDiffusion.Tests.Imaging;

/// <summary>Masks that are enlarged, blurred, cut out and filled.</summary>
public sealed class MaskShapeTests
{
    private const int Width = 23, Height = 17;

    private static readonly bool[] s_mask = [.. Enumerable.Range(0, Width * Height).Select(i => IsWhite(i % Width, i / Width))];

    [Theory, InlineData(1), InlineData(3), InlineData(40), InlineData(-1), InlineData(-2), InlineData(-40), InlineData(0)]
    public void Growth_is_the_largest_or_smallest_value_of_a_square(int pixels)
    {
        bool[] grown = MaskShape.Grow(s_mask, Width, Height, pixels);
        int reach = Math.Abs(pixels);
        for (int y = 0; y < Height; y++)
        {
            for (int x = 0; x < Width; x++)
            {
                IEnumerable<bool> square =
                    from row in Enumerable.Range(y - reach, 2 * reach + 1)
                    from column in Enumerable.Range(x - reach, 2 * reach + 1)
                    where row is >= 0 and < Height && column is >= 0 and < Width
                    select IsWhite(column, row);
                Assert.Equal(pixels >= 0 ? square.Any(w => w) : square.All(w => w), grown[y * Width + x]);
            }
        }
    }

    [Fact]
    public void A_blurred_edge_lies_outside_the_area()
    {
        // An edge in the middle of a long row: the blurred step is the normal distribution.
        bool[] half = [.. Enumerable.Range(0, 100).Select(i => i < 50)];
        float[] weights = MaskBlend.Weights(half, 100, 1, 4);
        Assert.All(weights[..50], w => Assert.Equal(1, w));
        Assert.All(weights[62..], w => Assert.Equal(0, w));
        // Φ(-d/4) twice, for distances d from the edge to the middle of a pixel: 0.9005, 0.3816, 0.0244 for d of 0.5, 3.5 and 9.
        Assert.InRange(weights[50], 0.89, 0.91);
        Assert.InRange(weights[53], 0.37, 0.39);
        Assert.InRange((weights[58] + weights[59]) / 2, 0.02, 0.03);
        Assert.All(weights.Zip(MaskBlend.Weights(half, 1, 100, 4)), pair => Assert.Equal(pair.First, pair.Second, 1e-6f));
        Assert.Equal([1, 0], MaskBlend.Weights([true, false], 2, 1, 0));
    }

    [Fact]
    public void An_area_is_filled_with_the_colours_around_it()
    {
        ImageBuffer image = TaskImages.Create(Width, Height, (x, y) => IsWhite(x, y) ? Colour(255, 0, 9) : Colour(40, 50, 60));
        Assert.Equal(TaskImages.Create(Width, Height, (_, _) => (40, 50, 60)).Rgb.ToArray(), MaskFill.Apply(image, s_mask).Rgb.ToArray());

        // Between a dark left and a bright right side the filled middle rises.
        image = TaskImages.Create(Width, Height, (x, _) => Colour(x < 8 ? 10 : x < 15 ? 0 : 200, x is >= 8 and < 15 ? 255 : 0, 0));
        bool[] middle = [.. Enumerable.Range(0, Width * Height).Select(i => i % Width is >= 8 and < 15)];
        byte[] filled = MaskFill.Apply(image, middle).Rgb.ToArray();
        byte[] row = [.. Enumerable.Range(0, Width).Select(x => filled[3 * (8 * Width + x)])];
        Assert.Equal(row.Order(), row);
        Assert.All(Enumerable.Range(8, 7), x => Assert.InRange(row[x], 10, 200));
        Assert.Equal(0, filled[3 * (8 * Width + 11) + 1]);
        bool[] all = [.. s_mask.Select(_ => true)];
        Assert.Same(image, MaskFill.Apply(image, all));
    }

    [Fact]
    public void An_area_gets_the_proportions_within_the_image()
    {
        var area = new PixelArea(10, 20, 30, 10);
        Assert.Equal(new PixelArea(6, 16, 38, 18), area.Padded(4, 100, 100));
        Assert.Equal(new PixelArea(0, 0, 50, 40), area.Padded(20, 50, 40));
        Assert.Equal(new PixelArea(10, 10, 30, 30), area.InProportion((512, 512), 100, 100));
        Assert.Equal(new PixelArea(10, 0, 30, 60), area.InProportion((256, 512), 100, 100));
        Assert.Equal(new PixelArea(5, 20, 40, 10), area.InProportion((4, 1), 100, 100));
        // At the edges it moves inwards; an image that is too small lies in its middle.
        Assert.Equal(new PixelArea(10, 5, 30, 30), area.InProportion((512, 512), 100, 35));
        Assert.Equal(new PixelArea(10, -4, 30, 30), area.InProportion((512, 512), 100, 22));
        Assert.Equal(new PixelArea(6, 4, 7, 5), PixelArea.Around([.. Enumerable.Range(0, Width * Height)
            .Select(i => (i % Width, i / Width) is (6, 5) or (12, 8) or (9, 4))], Width));
        ImageBuffer image = TaskImages.Image;
        ImageBuffer cut = new PixelArea(-2, 3, 5, 20).CutFrom(image);
        Assert.Equal(image.Rgb.Slice(3 * 3 * image.Width, 3).ToArray(), cut.Rgb[..3].ToArray());
        Assert.Equal(image.Rgb.Slice(3 * (15 * image.Width + 2), 3).ToArray(), cut.Rgb[^3..].ToArray());
    }

    private static (byte Red, byte Green, byte Blue) Colour(int red, int green, int blue) => ((byte)red, (byte)green, (byte)blue);

    private static bool IsWhite(int x, int y) => (x * 3 + y * 5) % 31 < 14;
}
