using LatentDiffusion.Tests.Pipelines;
using SixLabors.ImageSharp;
using SixLabors.ImageSharp.PixelFormats;
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
    }

    [Fact]
    public void What_is_no_picture_or_too_large_a_one_is_refused()
    {
        byte[] png = new SkiaImageCodec().EncodePng(s_image);
        Assert.Contains("no picture", Assert.Throws<InvalidDataException>(() => new ImageSharpCodec().Decode("no picture"u8)).Message, StringComparison.Ordinal);
        Assert.Contains("at most 511", Assert.Throws<InvalidDataException>(() => new ImageSharpCodec(511).Decode(png)).Message, StringComparison.Ordinal);
        Assert.Throws<InvalidDataException>(() => new ImageSharpCodec().Decode(png.AsSpan(0, 60)));
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
    }
}
