using LatentDiffusion.Tests.Pipelines;
using SixLabors.ImageSharp;
using SixLabors.ImageSharp.Metadata.Profiles.Exif;
using SixLabors.ImageSharp.PixelFormats;
using SixLabors.ImageSharp.Processing;
using Xunit;

namespace LatentDiffusion.Tests.ImageSharp;

public sealed class ImageSharpCodecTests(TinyModel model) : IClassFixture<TinyModel>
{
    private static readonly ImageBuffer s_image = new(
        32,
        16,
        [.. Enumerable.Range(0, 32 * 16).SelectMany(i => new[] { (byte)(i % 32 * 8), (byte)(i / 32 * 16), (byte)100 })]);

    [Theory]
    [InlineData("image/png", 0)]
    [InlineData("image/jpeg", 24)]
    [InlineData("image/webp", 24)]
    public void Each_codec_reads_files_of_both(string mediaType, int tolerance)
    {
        IImageCodec[] codecs = [new ImageSharpCodec(), new SkiaImageCodec()];
        foreach (IImageCodec writer in codecs)
        {
            foreach (IImageCodec reader in codecs)
            {
                byte[] back = reader.Decode(writer.Encode(s_image, mediaType)).Rgb.ToArray();
                Assert.All(back.Zip(s_image.Rgb.ToArray()), p => Assert.InRange(p.First - p.Second, -tolerance, tolerance));
            }
        }
    }

    [Fact]
    public void Png_metadata_is_written_and_transparency_is_blended()
    {
        var codec = new ImageSharpCodec();
        Assert.Equal("二羽", PngText.Read(codec.EncodePng(s_image, new Dictionary<string, string> { ["prompt"] = "二羽" }))["prompt"]);
        using var transparent = new Image<Rgba32>(2, 1, new Rgba32(255, 0, 0, 0));
        using var stream = new MemoryStream();
        transparent.SaveAsPng(stream);
        Assert.Equal(Enumerable.Repeat(byte.MaxValue, 6), codec.Decode(stream.ToArray()).Rgb.ToArray());
        Assert.Equal([1, 2, 3, 1, 2, 3], new ImageSharpCodec { Background = new RgbColor(1, 2, 3) }.Decode(stream.ToArray()).Rgb.ToArray());
    }

    [Fact]
    public void Exif_orientation_is_applied()
    {
        // 6: the stored row is the right side, and its first column the top.
        using var stored = new Image<Rgb24>(2, 1);
        (stored[0, 0], stored[1, 0]) = (new Rgb24(10, 0, 0), new Rgb24(20, 0, 0));
        stored.Metadata.ExifProfile = new ExifProfile();
        stored.Metadata.ExifProfile.SetValue(ExifTag.Orientation, (ushort)6);
        using var stream = new MemoryStream();
        stored.SaveAsPng(stream);
        ImageBuffer turned = new ImageSharpCodec().Decode(stream.ToArray());
        Assert.Equal((1, 2), (turned.Width, turned.Height));
        Assert.Equal([10, 0, 0, 20, 0, 0], turned.Rgb.ToArray());
    }

    [Fact]
    public void Images_of_both_pixel_types_round_trip()
    {
        using Image<Rgb24> rgb = s_image.ToImageSharp();
        Assert.Equal(s_image.Rgb.ToArray(), rgb.ToImageBuffer().Rgb.ToArray());
        using Image<Rgba32> rgba = rgb.CloneAs<Rgba32>();
        Assert.Equal(s_image.Rgb.ToArray(), rgba.ToImageBuffer().Rgb.ToArray());

        rgba[0, 0] = new Rgba32(255, 0, 0, 0);
        rgba[1, 0] = new Rgba32(200, 100, 0, 128);
        Assert.Equal([255, 255, 255], rgba.ToImageBuffer().Rgb[..3].ToArray());
        byte[] overBlue = rgba.ToImageBuffer(new RgbColor(0, 0, 255)).Rgb[..6].ToArray();
        Assert.All(overBlue.Zip(new byte[] { 0, 0, 255, 100, 50, 127 }), p => Assert.InRange(p.First - p.Second, -1, 1));
        Assert.Equal(0, rgba[0, 0].A);
    }

    [Fact]
    public void Conversions_refuse_null()
    {
        Assert.Throws<ArgumentNullException>("image", () => ((ImageBuffer)null!).ToImageSharp());
        Assert.Throws<ArgumentNullException>("image", () => ((GeneratedImage)null!).ToImageSharp());
        Assert.Throws<ArgumentNullException>("image", () => ((Image<Rgb24>)null!).ToImageBuffer());
        Assert.Throws<ArgumentNullException>("image", () => ((Image<Rgba32>)null!).ToImageBuffer());
        Assert.Throws<ArgumentNullException>("builder", () => ImageSharpBuilderExtensions.UseImageSharp(null!));
        Assert.Throws<ArgumentOutOfRangeException>("maxPixels", () => new ImageSharpCodec(0));
        Assert.Throws<ArgumentOutOfRangeException>("maxPixels", () => new ImageSharpCodec(1 << 29));
    }

    [Fact]
    public void Animations_give_their_first_frame_or_are_refused()
    {
        byte[] png = Animations.Png(new SkiaImageCodec().EncodePng(s_image));
        Assert.Equal(s_image.Rgb.ToArray(), new ImageSharpCodec().Decode(png).Rgb.ToArray());
        byte[] still = new SkiaImageCodec().Encode(s_image, "image/webp");
        byte[] webp = Animations.Webp(still, s_image.Width, s_image.Height);
        Assert.Equal(new SkiaImageCodec().Decode(still).Rgb.ToArray(), new SkiaImageCodec().Decode(webp).Rgb.ToArray());
        // ImageSharp 2.1 does not decode animated WebP files.
        Assert.Throws<InvalidDataException>(() => new ImageSharpCodec().Decode(webp));
    }

    [Theory]
    [InlineData("image/png")]
    [InlineData("image/jpeg")]
    [InlineData("image/webp")]
    public void Damaged_files_are_read_or_refused(string mediaType)
    {
        byte[] file = new SkiaImageCodec().Encode(s_image, mediaType);
        var random = new Random(1);
        for (int i = 0; i < 300; i++)
        {
            byte[] damaged = file[..random.Next(1, file.Length + 1)];
            for (int j = random.Next(3); j > 0; j--) damaged[random.Next(damaged.Length)] = (byte)random.Next(256);
            try
            {
                Assert.NotEmpty(new ImageSharpCodec(1 << 16).Decode(damaged).Rgb.ToArray());
            }
            catch (InvalidDataException)
            {
            }
        }
    }

    [Fact]
    public void Files_that_are_not_images_or_too_large_are_refused()
    {
        byte[] png = new SkiaImageCodec().EncodePng(s_image);
        Assert.Contains(
            "not an image",
            Assert.Throws<InvalidDataException>(() => new ImageSharpCodec().Decode("plain text"u8)).Message,
            StringComparison.Ordinal);
        Assert.Contains(
            "at most 511",
            Assert.Throws<InvalidDataException>(() => new ImageSharpCodec(511).Decode(png)).Message,
            StringComparison.Ordinal);
        Assert.Throws<InvalidDataException>(() => new ImageSharpCodec().Decode(png.AsSpan(0, 60)));
        Assert.Contains(
            "empty",
            Assert.Throws<InvalidDataException>(() => new ImageSharpCodec().Decode([])).Message,
            StringComparison.Ordinal);
        Assert.Throws<NotSupportedException>(() => new ImageSharpCodec().Encode(s_image, "image/gif"));
    }

    [Fact]
    public void A_pipeline_uses_the_codec_and_converts_without_loss()
    {
        using DiffusionPipeline pipeline = model.Builder().UseImageSharp().Build();
        GeneratedImage image = pipeline.Generate(new GenerationRequest { Prompt = "a star", Seed = 1, Steps = 1 }).Images[0];
        using Image<Rgb24> converted = image.ToImageSharp();
        Assert.Equal(image.Image.Rgb.ToArray(), converted.ToImageBuffer().Rgb.ToArray());
        Assert.Equal(image.Image.Rgb.ToArray(), new SkiaImageCodec().Decode(image.ToPng()).Rgb.ToArray());
        Assert.Equal("a star", GenerationMetadata.ReadRequest(image.ToPng()).Prompt);

        // And in: an image of ImageSharp to start from.
        using Image<Rgb24> wide = converted.Clone(x => x.Resize(32, 16));
        GenerationResult result = pipeline.Generate(
            new GenerationRequest { Prompt = "a star", Steps = 2, InitialImage = wide.ToImageBuffer() });
        Assert.Equal((32, 16), (result.Images[0].Image.Width, result.Images[0].Image.Height));
    }
}
