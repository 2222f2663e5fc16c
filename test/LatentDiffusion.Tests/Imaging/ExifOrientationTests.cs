using SkiaSharp;
using Xunit;

namespace LatentDiffusion.Tests.Imaging;

public sealed class ExifOrientationTests
{
    public static TheoryData<string, string, int> Files
    {
        get
        {
            var files = new TheoryData<string, string, int>();
            foreach (string codec in ImageCodecs.Names)
                foreach (string container in OrientedFiles.Containers)
                    for (int orientation = 1; orientation <= 8; orientation++) files.Add(codec, container, orientation);
            return files;
        }
    }

    [Theory, MemberData(nameof(Files))]
    public void All_eight_orientations_are_applied_in_every_container(string codec, string container, int orientation)
    {
        ImageBuffer image = ImageCodecs.ByName(codec).Decode(OrientedFiles.Make(container, orientation));
        (int width, int height, char topLeft) = OrientedFiles.Turned[orientation - 1];
        Assert.Equal((width, height), (image.Width, image.Height));
        SKColor expected = OrientedFiles.Colour(topLeft);
        Assert.InRange(image.Rgb[0] - expected.Red, -40, 40);
        Assert.InRange(image.Rgb[1] - expected.Green, -40, 40);
        Assert.InRange(image.Rgb[2] - expected.Blue, -40, 40);
    }

    [Theory, MemberData(nameof(ImageCodecs.All), MemberType = typeof(ImageCodecs))]
    public void The_mask_of_a_turned_image_is_turned_like_it(string codec)
    {
        using var bitmap = new SKBitmap(3, 1, SKColorType.Rgba8888, SKAlphaType.Unpremul);
        bitmap.Erase(SKColors.Red);
        bitmap.SetPixel(0, 0, SKColors.Transparent);
        using SKData data = bitmap.Encode(SKEncodedImageFormat.Png, 100);
        byte[] file = [.. data.AsSpan()[..33], .. OrientedFiles.PngExif(6), .. data.AsSpan()[33..]];
        ImageBuffer mask = Assert.IsType<ImageBuffer>(ImageCodecs.ByName(codec).DecodeTransparency(file));
        Assert.Equal((1, 3), (mask.Width, mask.Height));
        Assert.Equal([255, 255, 255, 0, 0, 0, 0, 0, 0], mask.Rgb.ToArray());
    }

    [Theory, InlineData(0), InlineData(9), InlineData(65535)]
    public void Unknown_orientations_leave_the_image_as_it_is(int orientation) =>
        Assert.Equal(1, ExifOrientation.Read(OrientedFiles.Make("png", orientation)));

    [Theory, InlineData(true), InlineData(false)]
    public void An_orientation_that_is_a_LONG_is_read(bool little)
    {
        byte[] exif = little
            ? [.. "II*\0"u8, 8, 0, 0, 0, 1, 0, 0x12, 0x01, 4, 0, 1, 0, 0, 0, 6, 0, 0, 0, 0, 0, 0, 0]
            : [.. "MM\0*"u8, 0, 0, 0, 8, 0, 1, 0x01, 0x12, 0, 4, 0, 0, 0, 1, 0, 0, 0, 6, 0, 0, 0, 0];
        byte[] jpeg = [0xff, 0xd8, 0xff, 0xe1, 0, (byte)(exif.Length + 8), .. "Exif\0\0"u8, .. exif, 0xff, 0xd9];
        Assert.Equal(6, ExifOrientation.Read(jpeg));
        // A value with 65536 added is not an orientation.
        jpeg[12 + (little ? 20 : 19)] = 1;
        Assert.Equal(1, ExifOrientation.Read(jpeg));
    }

    [Fact]
    public void Values_out_of_range_are_named()
    {
        var image = new ImageBuffer(1, 1, [1, 2, 3]);
        foreach (int orientation in new[] { 0, 9 })
        {
            Assert.Throws<ArgumentOutOfRangeException>("orientation", () => ExifOrientation.Apply(image, orientation));
            Assert.Throws<ArgumentOutOfRangeException>("orientation", () => ExifOrientation.SwapsSides(orientation));
        }

        var e = Assert.Throws<ArgumentException>("rgba", () => TransparencyMask.FromRgba(new byte[7], 2, 1));
        Assert.StartsWith("An image of 2 x 1 has 7 bytes; expected 8.", e.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Damaged_structures_leave_the_image_upright()
    {
        var random = new Random(5);
        foreach (string container in OrientedFiles.Containers)
        {
            byte[] file = OrientedFiles.Make(container, 6);
            for (int i = 0; i < 2000; i++)
            {
                byte[] damaged = file[..(i % 2 == 0 ? random.Next(file.Length) : file.Length)];
                for (int n = random.Next(4); n > 0 && damaged.Length > 0; n--)
                    damaged[random.Next(damaged.Length)] = (byte)random.Next(256);
                Assert.InRange(ExifOrientation.Read(damaged), 1, 8);
            }
        }
    }
}
