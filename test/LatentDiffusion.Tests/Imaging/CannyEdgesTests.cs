using Xunit;

namespace LatentDiffusion.Tests.Imaging;

/// <summary>Edges of drawn shapes, whose place is known.</summary>
public sealed class CannyEdgesTests
{
    private const int Side = 24;

    [Fact]
    public void Steps_give_lines_of_one_pixel_in_all_directions()
    {
        Assert.Equal(Enumerable.Repeat(1, Side), Rows(Detect((x, _) => x < 10)).Select(Count));
        Assert.All(Columns(Detect((_, y) => y < 10)), column => Assert.Equal(1, Count(column)));
        // Along a diagonal, every row away from the corners has one or two.
        Assert.All(Rows(Detect((x, y) => x > y)).Skip(2).SkipLast(2), row => Assert.InRange(Count(row), 1, 2));
        Assert.All(Rows(Detect((x, y) => x + y > Side)).Skip(3).SkipLast(3), row => Assert.InRange(Count(row), 1, 2));
        Assert.DoesNotContain(true, Detect((_, _) => true).Cast<bool>());
    }

    [Fact]
    public void A_disc_has_a_closed_outline_at_its_radius()
    {
        bool[,] edges = Detect((x, y) => Math.Pow(x - 12, 2) + Math.Pow(y - 12, 2) < 49);
        for (int y = 0; y < Side; y++)
            for (int x = 0; x < Side; x++)
                if (edges[y, x]) Assert.InRange(Math.Sqrt(Math.Pow(x - 12, 2) + Math.Pow(y - 12, 2)), 5.4, 8.1);
        for (int degrees = 0; degrees < 360; degrees += 5)
        {
            (double sin, double cos) = Math.SinCos(degrees * Math.PI / 180);
            Assert.True(
                Enumerable.Range(9, 8).Any(r => edges[(int)Math.Round(12 + sin * r / 2 * 1.2), (int)Math.Round(12 + cos * r / 2 * 1.2)]),
                $"the outline is open at {degrees} degrees");
        }
    }

    [Fact]
    public void Weak_edges_count_only_where_they_touch_strong_ones()
    {
        // The contrast of a vertical step falls from 100 at the top to 8. Its gradient is 4 times as long across, and 24 down.
        byte Fading(int x, int y) => (byte)(x < 10 ? 0 : 100 - 4 * y);
        Assert.Equal(Enumerable.Range(0, Side).Select(y => 400 - 16 * y + 24 > 100), Rows(Detect(Fading)).Select(r => Count(r) > 0));
        Assert.DoesNotContain(true, Detect(Fading, 100, 500).Cast<bool>());
        // Edges of one colour only are found in its channel.
        var blue = new byte[Side * Side * 3];
        for (int i = 0; i < Side * Side; i++) blue[3 * i + 2] = (byte)(i % Side < 10 ? 0 : 200);
        Assert.Contains(CannyEdges.Detect(new ImageBuffer(Side, Side, blue)).Rgb.ToArray(), b => b == 255);
    }

    [Theory, InlineData(-1, 5), InlineData(10, 9), InlineData(10, 2041)]
    public void Thresholds_out_of_range_are_refused(int low, int high) =>
        Assert.Throws<ArgumentOutOfRangeException>(() => CannyEdges.Detect(new ImageBuffer(1, 1, new byte[3]), low, high));

    private static bool[,] Detect(Func<int, int, bool> isWhite) => Detect((x, y) => isWhite(x, y) ? (byte)255 : (byte)0);

    private static bool[,] Detect(Func<int, int, byte> grey, int low = 100, int high = 200)
    {
        var rgb = new byte[Side * Side * 3];
        for (int i = 0; i < Side * Side; i++) rgb.AsSpan(3 * i, 3).Fill(grey(i % Side, i / Side));
        ImageBuffer found = CannyEdges.Detect(new ImageBuffer(Side, Side, rgb), low, high);
        var edges = new bool[Side, Side];
        for (int i = 0; i < Side * Side; i++) edges[i / Side, i % Side] = found.Rgb[3 * i] == 255;
        return edges;
    }

    private static IEnumerable<bool[]> Rows(bool[,] edges) =>
        Enumerable.Range(0, Side).Select(y => Enumerable.Range(0, Side).Select(x => edges[y, x]).ToArray());

    private static IEnumerable<bool[]> Columns(bool[,] edges) =>
        Enumerable.Range(0, Side).Select(x => Enumerable.Range(0, Side).Select(y => edges[y, x]).ToArray());

    private static int Count(bool[] line) => line.Count(e => e);
}
