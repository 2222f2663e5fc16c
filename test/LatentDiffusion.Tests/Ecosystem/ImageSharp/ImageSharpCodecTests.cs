using LatentDiffusion.Tests.Pipelines;
using SixLabors.ImageSharp;
using SixLabors.ImageSharp.Metadata.Profiles.Exif;
using SixLabors.ImageSharp.PixelFormats;
using SixLabors.ImageSharp.Processing;
using Xunit;

namespace LatentDiffusion.Tests.Ecosystem.ImageSharp;

/// <summary>Compiled with -p:WithImageSharp=true alone.</summary>
public sealed class ImageSharpCodecTests(TinyModel model) : IClassFixture<TinyModel>
{
    private static readonly ImageBuffer s_image = new(32, 16, [.. Enumerable.Range(0, 32 * 16).SelectMany(i => new[] { (byte)(i % 32 * 8), (byte)(i / 32 * 16), (byte)100 })]);

    [Theory]
    [InlineData("image/png", 0)]
    [InlineData("image/jpeg", 24)]
    [InlineData("image/webp", 24)]
    public void Either_codec_reads_what_either_writes(string mediaType, int tolerance)
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
    public void Metadata_go_into_png_files_and_transparent_pixels_onto_white()
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
    public void Pictures_are_turned_as_exif_says()
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

    [Theory]
    [InlineData("image/png")]
    [InlineData("image/jpeg")]
    [InlineData("image/webp")]
    public void Damaged_files_are_read_or_refused_and_never_anything_else(string mediaType)
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
    public void What_is_no_picture_or_too_large_a_one_is_refused()
    {
        byte[] png = new SkiaImageCodec().EncodePng(s_image);
        Assert.Contains("no picture", Assert.Throws<InvalidDataException>(() => new ImageSharpCodec().Decode("no picture"u8)).Message, StringComparison.Ordinal);
        Assert.Contains("at most 511", Assert.Throws<InvalidDataException>(() => new ImageSharpCodec(511).Decode(png)).Message, StringComparison.Ordinal);
        Assert.Throws<InvalidDataException>(() => new ImageSharpCodec().Decode(png.AsSpan(0, 60)));
        Assert.Contains("empty", Assert.Throws<InvalidDataException>(() => new ImageSharpCodec().Decode([])).Message, StringComparison.Ordinal);
        Assert.Throws<NotSupportedException>(() => new ImageSharpCodec().Encode(s_image, "image/gif"));
    }

    [Fact]
    public void A_pipeline_takes_the_codec_and_its_pictures_convert_without_loss()
    {
        using DiffusionPipeline pipeline = model.Builder().UseImageSharp().Build();
        GeneratedImage image = pipeline.Generate(new GenerationRequest { Prompt = "a star", Seed = 1, Steps = 1 }).Images[0];
        using Image<Rgb24> picture = image.ToImageSharp();
        Assert.Equal(image.Image.Rgb.ToArray(), picture.ToImageBuffer().Rgb.ToArray());
        Assert.Equal(image.Image.Rgb.ToArray(), new SkiaImageCodec().Decode(image.ToPng()).Rgb.ToArray());
        Assert.Equal("a star", GenerationMetadata.ReadRequest(image.ToPng()).Prompt);

        // And in: a picture of ImageSharp to start from.
        using Image<Rgb24> wide = picture.Clone(x => x.Resize(32, 16));
        GenerationResult result = pipeline.Generate(new GenerationRequest { Prompt = "a star", Steps = 2, InitialImage = wide.ToImageBuffer() });
        Assert.Equal((32, 16), (result.Images[0].Image.Width, result.Images[0].Image.Height));
    }
}
