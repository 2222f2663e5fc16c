using System.IO.Compression;
using System.Text;
using Xunit;

namespace LatentDiffusion.Tests.Imaging;

public sealed class PngTextTests
{
    private const int Megabyte = 1 << 20;

    private static readonly byte[] s_png = new SkiaImageCodec().EncodePng(new ImageBuffer(1, 1, new byte[3]));

    [Fact]
    public void All_three_kinds_are_read()
    {
        byte[] png = With(
            Chunk("tEXt", "a\0b"),
            Chunk("zTXt", "c\0\0", "d"),
            Chunk("iTXt", "e\0\0\0\0\0f"),
            Chunk("iTXt", "g\0\u0001\0\0\0", "h"));
        Assert.Equal(
            new Dictionary<string, string> { ["a"] = "b", ["c"] = "d", ["e"] = "f", ["g"] = "h" }, PngText.Read(png));
    }

    [Fact]
    public void Compressed_texts_are_bounded_together()
    {
        byte[] each = Chunk("zTXt", "x\0\0", new string('a', 3 * Megabyte));
        Assert.Equal(3 * Megabyte, PngText.Read(With(each))["x"].Length);
        byte[] other = Chunk("zTXt", "y\0\0", new string('a', 3 * Megabyte));
        string message = Assert.Throws<InvalidDataException>(() => PngText.Read(With(each, other))).Message;
        Assert.Contains("'y'", message, StringComparison.Ordinal);
    }

    [Fact]
    public void Entries_that_nobody_asks_for_are_not_decompressed()
    {
        byte[] bomb = Chunk("zTXt", "workflow\0\0", new string('a', 16 * Megabyte));
        string[] texts =
            ["prompt\0a star", "negative_prompt\0", "seed\0001", "steps\0002", "guidance_scale\0003", "width\0008", "height\0008"];
        byte[][] request = [.. texts.Select(text => Chunk("tEXt", text))];
        byte[] png = With([.. Enumerable.Repeat(bomb, 60), .. request]);
        _ = GenerationMetadata.ReadRequest(With(request));
        long before = GC.GetAllocatedBytesForCurrentThread();
        Assert.Equal("a star", GenerationMetadata.ReadRequest(png).Prompt);
        Assert.InRange(GC.GetAllocatedBytesForCurrentThread() - before, 0, Megabyte);
    }

    [Fact]
    public void An_entry_is_decompressed_once_whatever_stands_again_under_its_key()
    {
        byte[] large = Chunk("zTXt", "x\0\0", new string('a', 3 * Megabyte));
        Assert.Equal(3 * Megabyte, Assert.Single(PngText.Read(With([.. Enumerable.Repeat(large, 60)]))).Value.Length);
    }

    [Theory]
    [InlineData("tEXt", "no separator")]
    [InlineData("zTXt", "a\0")]
    [InlineData("zTXt", "a\0\0not deflated")]
    [InlineData("iTXt", "a\0\0")]
    [InlineData("iTXt", "a\0\0\0no end of the language")]
    public void Damaged_entries_are_refused(string type, string content) =>
        Assert.Throws<InvalidDataException>(() => PngText.Read(With(Chunk(type, content))));

    [Fact]
    public void A_keyword_has_at_most_79_characters()
    {
        Assert.Single(PngText.Read(With(Chunk("tEXt", new string('k', 79) + "\0b"))));
        Assert.Throws<InvalidDataException>(() => PngText.Read(With(Chunk("tEXt", new string('k', 80) + "\0b"))));
    }

    [Theory]
    [InlineData("upscale", """{"width": "\ud800"}""")]
    [InlineData("size_conditioning_input", "\ud800")]
    [InlineData("size_conditioning_input", """{"\ud800": 1}""")]
    [InlineData("control_weights", "[null, 3]")]
    [InlineData("seed", "-1")]
    [InlineData("steps", "99999999999")]
    public void Values_that_cannot_be_read_are_refused_by_key(string key, string value)
    {
        string message = Assert.Throws<InvalidDataException>(
            () => GenerationMetadata.ToRequest(new Dictionary<string, string> { ["prompt"] = "a", [key] = value })).Message;
        Assert.Contains(key, message, StringComparison.Ordinal);
    }

    private static byte[] With(params byte[][] chunks)
    {
        int header = PngChunk.Signature.Length + PngChunk.Read(s_png.AsSpan(PngChunk.Signature.Length)).Length;
        return [.. s_png[..header], .. chunks.SelectMany(c => c), .. s_png[header..]];
    }

    private static byte[] Chunk(string type, string plain, string? compressed = null)
    {
        using var data = new MemoryStream();
        data.Write(Encoding.Latin1.GetBytes(plain));
        if (compressed is not null)
        {
            using var deflating = new ZLibStream(data, CompressionLevel.Fastest, leaveOpen: true);
            deflating.Write(Encoding.Latin1.GetBytes(compressed));
        }

        using var chunk = new MemoryStream();
        new PngChunk(Encoding.Latin1.GetBytes(type), data.ToArray()).Write(chunk);
        return chunk.ToArray();
    }
}
