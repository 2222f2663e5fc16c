using LatentDiffusion.Evaluation;
using Xunit;

namespace LatentDiffusion.Tests.Evaluation;

public sealed class SampleSheetTests
{
    [Fact]
    public void Every_image_is_there_pixel_by_pixel()
    {
        ImageBuffer[] images = [Noise(40, 30, 1), Noise(40, 30, 2), Noise(20, 30, 3)];
        ImageBuffer sheet = SampleSheet.Draw([new SheetRow("", images[..2]), new SheetRow("", images[2..])]);
        Assert.Equal((6 + 2 * 46, 6 + 2 * 36), (sheet.Width, sheet.Height));
        Assert.Equal(images[0].Rgb.ToArray(), sheet.Crop(6, 6, 40, 30).Rgb.ToArray());
        Assert.Equal(images[1].Rgb.ToArray(), sheet.Crop(52, 6, 40, 30).Rgb.ToArray());
        Assert.Equal(images[2].Rgb.ToArray(), sheet.Crop(6, 42, 20, 30).Rgb.ToArray());
        Assert.True(sheet.Crop(26, 42, 60, 30).Rgb.IndexOfAnyExcept((byte)255) < 0, "the rest is white");
    }

    [Fact]
    public void Labels_stand_above_their_row_and_never_leave_the_sheet()
    {
        ImageBuffer image = Noise(60, 10, 4);
        ImageBuffer one = SampleSheet.Draw([new SheetRow("a star", [image])], "step 100");
        Assert.Equal(6 + 20 + 20 + 10 + 6, one.Height);
        Assert.Equal(image.Rgb.ToArray(), one.Crop(6, 46, 60, 10).Rgb.ToArray());
        bool written = one.Crop(6, 6, 60, 40).Rgb.IndexOfAnyExcept((byte)255) >= 0;
        if (!written) Assert.Skip("This system does not have a font.");

        ImageBuffer longer = SampleSheet.Draw([new SheetRow("a label that is far too long for a narrow sheet", [image])]);
        Assert.True(longer.Crop(66, 0, 6, longer.Height).Rgb.IndexOfAnyExcept((byte)255) < 0, "the right margin is white");
    }

    [Fact]
    public void A_sheet_without_an_image_is_refused() =>
        Assert.Throws<ArgumentException>(() => SampleSheet.Draw([new SheetRow("a star", [])]));

    private static ImageBuffer Noise(int width, int height, int seed)
    {
        byte[] rgb = new byte[width * height * 3];
        new Random(seed).NextBytes(rgb);
        return new ImageBuffer(width, height, rgb);
    }
}
