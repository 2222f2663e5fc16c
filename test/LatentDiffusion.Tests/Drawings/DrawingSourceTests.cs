using LatentDiffusion.Models.Drawings;
using Xunit;

namespace LatentDiffusion.Tests.Drawings;

public sealed class DrawingSourceTests
{
    [Fact]
    public void An_index_always_gives_the_same_drawing_on_any_thread()
    {
        var source = new DrawingSource(5);
        byte[][] first = [.. Enumerable.Range(0, 64).Select(i => source.Draw(i).Rgb.ToArray())];
        byte[][] again = [.. Enumerable.Range(0, 64).AsParallel().AsOrdered().Select(i => new DrawingSource(5).Draw(i).Rgb.ToArray())];
        Assert.Equal(first, again);
        Assert.NotEqual(first[0], new DrawingSource(6).Draw(0).Rgb.ToArray());
    }

    [Theory]
    [InlineData(DrawingSplit.Training)]
    [InlineData(DrawingSplit.HeldOut)]
    public void A_split_draws_its_own_combinations_alone(DrawingSplit split)
    {
        var source = new DrawingSource(1, split, size: 16);
        Drawing[] drawings = [.. Enumerable.Range(0, 3000).Select(i => source.Draw(i))];
        Assert.All(drawings, d => Assert.Equal(split == DrawingSplit.HeldOut, DrawingCatalog.IsHeldOut(d.Combination)));

        // The painted colour is not held out either if the caption does not name a colour.
        if (split == DrawingSplit.Training)
            Assert.All(drawings, d => Assert.False(DrawingCatalog.IsHeldOut(d.Combination with { Color = d.PaintedColor })));
        Assert.Equal(DrawingCatalog.Subjects.Count, drawings.Select(d => d.Combination.Subject).Distinct().Count());
    }

    [Fact]
    public void Drawings_have_a_white_background_and_fill_the_image()
    {
        var source = new DrawingSource(2);
        foreach (DrawingCombination combination in DrawingCatalog.Combinations.Where(c => c.Color == "blue"))
        {
            Drawing drawing = source.Draw(combination, 0);
            ReadOnlySpan<byte> rgb = drawing.Rgb.Span;
            int marked = 0;
            for (int y = 0; y < drawing.Size; y++)
                for (int x = 0; x < drawing.Size; x++)
                {
                    bool white = rgb.Slice((y * drawing.Size + x) * 3, 3).IndexOfAnyExcept((byte)255) < 0;
                    if (!white) marked++;
                    bool border = x == 0 || y == 0 || x == drawing.Size - 1 || y == drawing.Size - 1;
                    Assert.True(white || !border, $"{combination} touches the border at ({x}, {y})");
                }

            Assert.InRange((double)marked / (drawing.Size * drawing.Size), 0.12, 0.75);
        }
    }

    [Fact]
    public void A_blue_drawing_is_mostly_blue_where_it_is_coloured()
    {
        var source = new DrawingSource(3);
        foreach (string subject in DrawingCatalog.Subjects.Where(s => s != "woman"))
        {
            Drawing drawing = source.Draw(new DrawingCombination(subject, "blue", ""), 0);
            int blue = 0, other = 0;
            ReadOnlySpan<byte> rgb = drawing.Rgb.Span;
            for (int i = 0; i < rgb.Length; i += 3)
            {
                int high = Math.Max(rgb[i], Math.Max(rgb[i + 1], rgb[i + 2])), low = Math.Min(rgb[i], Math.Min(rgb[i + 1], rgb[i + 2]));
                if (high - low < 60) continue;
                if (rgb[i + 2] == high) blue++;
                else other++;
            }

            Assert.True(blue > 2 * other, $"{subject}: {blue} blue pixels, {other} of other colours");
        }
    }

    [Fact]
    public void Only_colours_with_white_have_large_white_areas()
    {
        var source = new DrawingSource(3);
        DrawingCombination[] all = [.. DrawingCatalog.Combinations.Where(c => c.Attribute.Length == 0 && c.Color.Length > 0)];
        Assert.All(all.AsParallel().Select(c => (Combination: c, White: WhiteFraction(source.Draw(c, 0).Rgb.Span))).ToArray(), d =>
        {
            bool twoTone = d.Combination.Color.EndsWith(" and white", StringComparison.Ordinal);
            Assert.True(
                twoTone ? d.White > 0.08 : d.White < 0.03, $"{d.White:P1} of the {d.Combination.Color} {d.Combination.Subject} is white");
        });

        // Of the pixels that are not the background, which is perfectly white.
        static double WhiteFraction(ReadOnlySpan<byte> rgb)
        {
            int white = 0, drawn = 0;
            for (int i = 0; i < rgb.Length; i += 3)
            {
                int low = Math.Min(rgb[i], Math.Min(rgb[i + 1], rgb[i + 2]));
                if (low == 255) continue;
                drawn++;
                if (low >= 225) white++;
            }

            return (double)white / drawn;
        }
    }

    [Fact]
    public void What_cannot_be_drawn_is_refused_by_name()
    {
        var impossible = new DrawingCombination("star", "blue", "with its wings spread");
        var e = Assert.Throws<ArgumentException>(() => new DrawingSource(1).Draw(impossible, 0));
        Assert.Contains("star", e.Message, StringComparison.Ordinal);
    }
}
