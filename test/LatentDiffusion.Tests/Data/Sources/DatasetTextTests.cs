using System.Text;
using Xunit;

namespace LatentDiffusion.Tests.Data;

public sealed class DatasetTextTests : IDisposable
{
    private const string Caption = "a café in Málaga’s old town";

    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Theory]
    [InlineData("utf-8", false)]
    [InlineData("utf-8", true)]
    [InlineData("utf-16", true)]
    [InlineData("utf-16BE", true)]
    public void Unicode_is_read_by_its_mark(string name, bool mark)
    {
        Encoding encoding = Encoding.GetEncoding(name);
        File.WriteAllBytes(_folder["a.txt"], [.. mark ? encoding.GetPreamble() : [], .. encoding.GetBytes(Caption)]);
        Assert.Equal(Caption, DatasetText.Read(_folder["a.txt"]));
    }

    [Theory]
    [InlineData("one\ntwo\na caf\u00e9", "iso-8859-1", "line 3: the text is not valid UTF-8 (byte 0xE9)")]
    [InlineData("one\ncaf\u00e9s", "iso-8859-1", "line 2")]
    [InlineData("\u00e9", "iso-8859-1", "line 1")]
    [InlineData("one\ntwo", "utf-16LE", "line 1: the text contains a NUL character")]
    public void Other_encodings_are_refused_by_line(string text, string encoding, string expected)
    {
        File.WriteAllBytes(_folder["a.txt"], Encoding.GetEncoding(encoding).GetBytes(text));
        string message = Assert.Throws<InvalidDataException>(() => DatasetText.Read(_folder["a.txt"])).Message;
        Assert.Contains("a.txt, " + expected, message);
    }

    [Theory]
    [InlineData(new byte[] { 0xFF, 0xFE, (byte)'a', 0, 10, 0, 0x00, 0xD8 }, "line 2: the text is not valid UTF-16")]
    [InlineData(new byte[] { 0xFF, 0xFE, (byte)'a' }, "line 1")]
    [InlineData(new byte[] { 0xEF, 0xBB, 0xBF, 10, 0xC3 }, "line 2: the text is not valid UTF-8 (byte 0xC3)")]
    public void Damaged_unicode_is_refused(byte[] bytes, string expected) =>
        Assert.Contains(expected, Assert.Throws<InvalidDataException>(() => DatasetText.Decode(bytes, "a.txt")).Message);

    [Fact]
    public void Captions_that_are_not_text_are_refused_or_left_out()
    {
        for (int i = 0; i < 3; i++) TestImages.Write(_folder[$"{i}.png"], TestImages.Noise(i));
        File.WriteAllText(_folder["0.txt"], "zero");
        File.WriteAllBytes(_folder["1.txt"], "caf\u00e9"u8.ToArray()[..4]);
        File.WriteAllBytes(_folder["2.txt"], new byte[(1 << 20) + 1]);
        string message = Assert.Throws<InvalidDataException>(() => CaptionedImages.Open(_folder[""])).Message;
        Assert.Contains("1.txt, line 1", message);
        StoredImages source = CaptionedImages.Open(
            _folder[""], new StoredImagesOptions { UnreadableImageHandling = UnreadableImageHandling.Skip });
        Assert.Equal(["zero"], source.All().Select(i => i.Caption));
        Assert.Equal(["1.png", "2.png"], source.Unreadable.Select(u => u.Name));
        Assert.Contains("1048577 bytes", source.Unreadable[1].Reason);
    }

    [Theory]
    [InlineData("metadata.jsonl", "{\"file_name\": \"0.png\", \"text\": \"fine\"}\n{\"file_name\": \"0.png\", \"text\": \"caf\u00e9\"}")]
    [InlineData("metadata.csv", "file_name,text\n0.png,caf\u00e9")]
    public void Metadata_in_other_encodings_is_refused_by_line(string name, string text)
    {
        TestImages.Write(_folder["0.png"], TestImages.Noise(0));
        File.WriteAllBytes(_folder[name], Encoding.Latin1.GetBytes(text));
        Assert.Contains($"{name}, line 2", Assert.Throws<InvalidDataException>(() => CaptionedImages.Open(_folder[""])).Message);
        File.WriteAllText(_folder[name], text, Encoding.Unicode);
        StoredImages source = CaptionedImages.Open(_folder[""]);
        Assert.Equal("caf\u00e9", source.ReadCaption(source.Count!.Value - 1));
    }

    [Fact]
    public void Half_a_surrogate_in_metadata_is_refused_by_line()
    {
        TestImages.Write(_folder["0.png"], TestImages.Noise(0));
        File.WriteAllText(_folder["metadata.jsonl"], """{"file_name": "0.png", "text": "a \ud800 b"}""");
        Assert.Contains("metadata.jsonl, line 1", Assert.Throws<InvalidDataException>(() => CaptionedImages.Open(_folder[""])).Message);
    }
}
