using System.Buffers.Binary;
using System.Diagnostics;
using System.Text;
using LatentDiffusion.Tests.Imaging;
using LatentDiffusion.Tests.Pipelines;
using Xunit;

namespace LatentDiffusion.Tests.Metadata;

/// <summary>Texts in JPEG, WebP and PNG files.</summary>
public sealed class ImageTextsTests(TinyModel model) : IClassFixture<TinyModel>
{
    private const string Text = "a cat, 猫 🐈\nNegative prompt: bad\nSteps: 20, Sampler: Euler a, CFG scale: 7, Seed: 42, Size: 16x16";

    private static readonly ImageBuffer s_image = new(24, 16, [.. Enumerable.Range(0, 24 * 16 * 3).Select(i => (byte)(i / 5))]);

    public static TheoryData<string, string> Files => new MatrixTheoryData<string, string>(
        ImageCodecs.Names, ["image/png", "image/jpeg", "image/webp"]);

    [Theory, MemberData(nameof(Files))]
    public void Entries_round_trip_and_pixels_are_unchanged(string codec, string mediaType)
    {
        var texts = new Dictionary<string, string>
        {
            ["parameters"] = Text, ["prompt"] = " <a & \"b\">\r\n\t\u0001 猫 🐈 ]]> ", ["seed"] = "5",
            ["Long"] = string.Concat(Enumerable.Repeat("漢字", 50_000)),
        };
        IImageCodec with = ImageCodecs.ByName(codec);
        byte[] plain = with.Encode(s_image, mediaType), file = with.Encode(s_image, mediaType, texts);
        Assert.Equal(texts, ImageTexts.Read(file));
        Assert.Empty(ImageTexts.Read(plain));
        Assert.Equal(texts, ImageTexts.Read(ImageTexts.Insert(plain, texts)));
        foreach (string name in ImageCodecs.Names)
        {
            IImageCodec reader = ImageCodecs.ByName(name);
            Assert.Equal(reader.Decode(plain).Rgb.ToArray(), reader.Decode(file).Rgb.ToArray());
            Assert.Equal((24, 16), reader.ReadSize(file));
        }
    }

    [Theory, MemberData(nameof(Files))]
    public void Generated_files_contain_metadata(string codec, string mediaType)
    {
        using DiffusionPipeline pipeline = model.Builder().UseImageCodec(ImageCodecs.ByName(codec))
            .Configure(o => o.MetadataFormat = MetadataFormat.Both).Build();
        GeneratedImage image = pipeline.Generate(
            new GenerationRequest { Prompt = "a blue bird", Seed = 3, Steps = 2, Width = 16, Height = 16 }).Images[0];
        byte[] file = image.Encode(mediaType);
        GenerationRequest own = GenerationMetadata.ReadRequest(file);
        Assert.Equal(image.Image.Rgb.ToArray(), pipeline.Generate(own).Images[0].Image.Rgb.ToArray());
        IReadOnlyDictionary<string, string> texts = ImageTexts.Read(file);
        Assert.Equal(image.Parameters.ToString(), texts["parameters"]);
        Assert.Equal(image.Metadata["cpu_capability"], texts["cpu_capability"]);
    }

    [Theory]
    [InlineData("image/jpeg", false, false)]
    [InlineData("image/jpeg", true, true)]
    [InlineData("image/jpeg", true, false)]
    [InlineData("image/webp", false, false)]
    [InlineData("image/webp", true, true)]
    [InlineData("image/webp", false, true)]
    public void Comments_of_other_programs_are_read(string mediaType, bool isLittle, bool isTextLittle)
    {
        Encoding encoding = isTextLittle ? Encoding.Unicode : Encoding.BigEndianUnicode;
        Assert.Equal(Text, Read(mediaType, Comment(isLittle, [.. "UNICODE\0"u8, .. encoding.GetBytes(Text)])));
        Assert.Equal(Text, Read(mediaType, Comment(isLittle, [.. "UNICODE\0"u8, .. encoding.GetPreamble(), .. encoding.GetBytes(Text)])));
        Assert.Equal(Text, Read(mediaType, Comment(isLittle, [.. "ASCII\0\0\0"u8, .. Encoding.UTF8.GetBytes(Text)])));
        Assert.Equal(Text, Read(mediaType, Comment(isLittle, [.. new byte[8], .. Encoding.UTF8.GetBytes(Text)])));
        Assert.Equal(Text, Read(mediaType, Comment(isLittle, Encoding.UTF8.GetBytes(Text))));
        Assert.Null(Read(mediaType, Comment(isLittle, [.. "JIS\0\0\0\0\0"u8, 1, 2, 3])));
    }

    [Fact]
    public void A_graph_in_the_exif_of_webp_is_read()
    {
        byte[] tiff = [.. "II*\0"u8, 8, 0, 0, 0, 1, 0, 0x10, 1, 2, 0, 9, 0, 0, 0, 26, 0, 0, 0, 0, 0, 0, 0, .. "prompt:{}"u8];
        Assert.Equal("{}", ImageTexts.Read(File("image/webp", tiff))["prompt"]);
    }

    [Theory]
    [InlineData(270, 2, "other")]
    [InlineData(270, 2, "prompt:{}")]
    [InlineData(37510, 7, "\0\0\0\0\0\0\0\0\0")]
    public void Entries_that_share_their_bytes_take_time_in_proportion(int tag, int type, string start)
    {
        const int Entries = 60_000, Data = 8 + 2 + 12 * Entries, Length = 4_000_000;
        var tiff = new byte[Data + Length];
        "II*\0"u8.CopyTo(tiff);
        tiff[4] = 8;
        BinaryPrimitives.WriteUInt16LittleEndian(tiff.AsSpan(8), Entries);
        for (int at = 10; at < Data; at += 12)
        {
            BinaryPrimitives.WriteUInt16LittleEndian(tiff.AsSpan(at), (ushort)tag);
            BinaryPrimitives.WriteUInt16LittleEndian(tiff.AsSpan(at + 2), (ushort)type);
            BinaryPrimitives.WriteInt32LittleEndian(tiff.AsSpan(at + 4), Length);
            BinaryPrimitives.WriteInt32LittleEndian(tiff.AsSpan(at + 8), Data);
        }

        Encoding.ASCII.GetBytes(start, tiff.AsSpan(Data));
        var clock = Stopwatch.StartNew();
        Assert.Equal(start == "prompt:{}" ? "{}" : null, ImageTexts.Read(File("image/webp", tiff)).GetValueOrDefault("prompt"));
        Assert.InRange(clock.Elapsed.TotalSeconds, 0, 10);
    }

    [Fact]
    public void A_description_with_settings_is_read()
    {
        string packet = $"""
            <x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">
            <rdf:Description xmlns:dc="http://purl.org/dc/elements/1.1/"><dc:description><rdf:Alt>
            <rdf:li xml:lang="x-default">{Text}</rdf:li></rdf:Alt></dc:description></rdf:Description></rdf:RDF></x:xmpmeta>
            """;
        byte[] plain = new SkiaImageCodec().Encode(s_image, "image/jpeg");
        byte[] block = [.. "http://ns.adobe.com/xap/1.0/\0"u8, .. Encoding.UTF8.GetBytes(packet)];
        byte[] file = [.. plain[..2], 0xff, 0xe1, (byte)((block.Length + 2) >> 8), (byte)(block.Length + 2), .. block, .. plain[2..]];
        Assert.Equal("Euler a", WebUIParameters.Parse(ImageTexts.Read(file)["parameters"]).Sampler);
    }

    [Fact]
    public void Entries_that_no_file_can_contain_are_refused()
    {
        byte[] jpeg = new SkiaImageCodec().Encode(s_image, "image/jpeg");
        Assert.Throws<ArgumentException>(() => ImageTexts.Insert(jpeg, new Dictionary<string, string> { [" "] = "a" }));
        Assert.Throws<ArgumentException>(() => ImageTexts.Insert(jpeg, new Dictionary<string, string> { ["a"] = "\0" }));
        Assert.Throws<InvalidDataException>(() => ImageTexts.Insert("GIF89a"u8, new Dictionary<string, string> { ["a"] = "b" }));
        Assert.Throws<InvalidDataException>(() => ImageTexts.Read("GIF89a"u8));
    }

    private static string? Read(string mediaType, byte[] tiff) => ImageTexts.Read(File(mediaType, tiff)).GetValueOrDefault("parameters");

    private static byte[] File(string mediaType, byte[] tiff)
    {
        byte[] plain = new SkiaImageCodec().Encode(s_image, mediaType), block = [.. "Exif\0\0"u8, .. tiff];
        if (mediaType == "image/jpeg")
            return [.. plain[..2], 0xff, 0xe1, (byte)((block.Length + 2) >> 8), (byte)(block.Length + 2), .. block, .. plain[2..]];
        var length = new byte[4];
        BinaryPrimitives.WriteInt32LittleEndian(length, tiff.Length);
        return [.. plain, .. "EXIF"u8, .. length, .. tiff, .. tiff.Length % 2 == 0 ? Array.Empty<byte>() : [0]];
    }

    /// <summary>The comment in the second of two directories.</summary>
    private static byte[] Comment(bool isLittle, byte[] comment)
    {
        byte[] tiff = [.. isLittle ? "II*\0"u8 : "MM\0*"u8, .. new byte[4 + 18 + 18], .. comment];
        Number(4, 8);
        Entry(8, 34665, 4, 1, 26);
        Entry(26, 37510, 7, comment.Length, 44);
        return tiff;

        void Entry(int at, int tag, int type, int count, int value)
        {
            Word(at, 1);
            Word(at + 2, tag);
            Word(at + 4, type);
            Number(at + 6, count);
            Number(at + 10, value);
        }

        void Word(int at, int value)
        {
            if (isLittle) BinaryPrimitives.WriteUInt16LittleEndian(tiff.AsSpan(at), (ushort)value);
            else BinaryPrimitives.WriteUInt16BigEndian(tiff.AsSpan(at), (ushort)value);
        }

        void Number(int at, int value)
        {
            if (isLittle) BinaryPrimitives.WriteInt32LittleEndian(tiff.AsSpan(at), value);
            else BinaryPrimitives.WriteInt32BigEndian(tiff.AsSpan(at), value);
        }
    }
}
