using Xunit;

namespace LatentDiffusion.Tests.Imaging;

/// <summary>Files of a chosen quality.</summary>
public sealed class ImageQualityTests
{
    [Theory]
    [MemberData(nameof(ImageCodecs.All), MemberType = typeof(ImageCodecs))]
    public void A_higher_quality_makes_larger_files_with_smaller_errors(string name)
    {
        IImageCodec codec = ImageCodecs.ByName(name);
        ImageBuffer image = Gradient();
        foreach (string type in new[] { "image/jpeg", "image/WEBP" })
        {
            byte[] low = codec.Encode(image, type, null, 5), usual = codec.Encode(image, type, null, null);
            byte[] high = codec.Encode(image, type, null, 100);
            Assert.True(low.Length < usual.Length, $"{type}: {low.Length} and {usual.Length} bytes");
            Assert.True(usual.Length < high.Length, $"{type}: {usual.Length} and {high.Length} bytes");
            Assert.True(Error(codec.Decode(low)) > Error(codec.Decode(high)), type);
            Assert.Equal(codec.Encode(image, type), usual);
        }

        Assert.Equal(codec.EncodePng(image), codec.Encode(image, "image/png", null, 5));
        Assert.Throws<ArgumentOutOfRangeException>("quality", () => codec.Encode(image, "image/jpeg", null, 0));
        Assert.Throws<ArgumentOutOfRangeException>("quality", () => codec.Encode(image, "image/jpeg", null, 101));

        double Error(ImageBuffer other) => image.Rgb.ToArray().Zip(other.Rgb.ToArray(), (a, b) => Math.Abs(a - b)).Average();
    }

    [Fact]
    public void A_codec_without_qualities_refuses_one()
    {
        IImageCodec codec = new PlainCodec();
        Assert.Equal([1], codec.Encode(Gradient(), "image/jpeg", null, null));
        Assert.Equal([1], codec.Encode(Gradient(), "image/png", null, 50));
        NotSupportedException e = Assert.Throws<NotSupportedException>(() => codec.Encode(Gradient(), "image/jpeg", null, 50));
        Assert.Contains("50", e.Message, StringComparison.Ordinal);
    }

    private static ImageBuffer Gradient()
    {
        var rgb = new byte[64 * 64 * 3];
        for (int i = 0; i < rgb.Length; i++) rgb[i] = (byte)((i * 7) ^ (i / 192 * 5));
        return new ImageBuffer(64, 64, rgb);
    }

    private sealed class PlainCodec : IImageCodec
    {
        public byte[] EncodePng(ImageBuffer image, IReadOnlyDictionary<string, string>? metadata = null) => [1];

        public byte[] Encode(ImageBuffer image, string mediaType, IReadOnlyDictionary<string, string>? metadata = null) => [1];

        public ImageBuffer Decode(ReadOnlySpan<byte> file) => throw new NotSupportedException();
    }
}
