using SkiaSharp;
using Xunit;

namespace LatentDiffusion.Tests.Data;

public sealed class ImageFolderTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    private string Root => _folder["set"];

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void Json_lines_are_read_in_order()
    {
        Write("images/b.png", 1);
        Write("a.png", 2);
        Text("metadata.jsonl", """
            {"file_name": "images/b.png", "text": "a \"b\" ü", "number": 3}

            {"text": null, "file_name": "a.png"}
            {"file_name": "images\\b.png", "text": "again"}
            """);
        StoredImages source = CaptionedImages.Open(Root);
        Assert.IsType<ImageFolderSource>(source);
        CaptionedImage[] all = source.All();
        Assert.Equal(["a \"b\" ü", "", "again"], all.Select(i => i.Caption));
        Assert.Equal(["images/b.png", "a.png", "images/b.png"], all.Select(i => i.Name));
        Assert.Equal(TestImages.Noise(1).Rgb.ToArray(), all[0].Rgb());
        Assert.Equal(TestImages.Noise(2).Rgb.ToArray(), all[1].Rgb());
        Assert.Equal("again", source.ReadCaption(2));
        Assert.Throws<ArgumentOutOfRangeException>(() => source.Read(3));
        Assert.Throws<ArgumentOutOfRangeException>(() => source.Read(-1));
    }

    [Fact]
    public void Csv_is_read_with_quotes_and_line_breaks()
    {
        Write("a.png", 1);
        Write("b, c.png", 2);
        Text("metadata.csv", "\uFEFFid,file_name,caption\r\n1,a.png,\"one, \"\"two\"\"\nthree\"\r\n2,\"b, c.png\",\r\n");
        StoredImages source = CaptionedImages.Open(Root, new StoredImagesOptions { CaptionColumn = "caption" });
        Assert.Equal(["one, \"two\"\nthree", ""], source.All().Select(i => i.Caption));
        Assert.Equal(["a.png", "b, c.png"], source.All().Select(i => i.Name));
        StoredImages byFile = CaptionedImages.Open(Path.Combine(Root, "metadata.csv"), new ImageFolderOptions { CaptionColumn = "id" });
        Assert.Equal("2", byFile.ReadCaption(1));
    }

    [Fact]
    public void Metadata_of_subfolders_is_joined()
    {
        Write("y/1.png", 1);
        Write("x/1.png", 2);
        Text("y/metadata.jsonl", """{"file_name": "1.png", "text": "y"}""");
        Text("x/metadata.csv", "file_name,text\n1.png,x\n");
        StoredImages source = CaptionedImages.Open(Root);
        Assert.Equal([("x/1.png", "x"), ("y/1.png", "y")], source.All().Select(i => (i.Name, i.Caption)));
    }

    [Fact]
    public void Captions_may_be_text_files_next_to_images()
    {
        Write("b.PNG", 1);
        Write("a/c.png", 2);
        Text("b.txt", " a cat\n");
        Exception e = Assert.Throws<InvalidDataException>(() => CaptionedImages.Open(Root));
        Assert.Contains("a/c.png", e.Message);
        Assert.Contains("1 of its 2 images", e.Message);
        StoredImages source = CaptionedImages.Open(Root, new ImageFolderOptions { DefaultCaption = "" });
        Assert.Equal([("a/c.png", ""), ("b.PNG", "a cat")], source.All().Select(i => (i.Name, i.Caption)));
    }

    [Theory]
    [InlineData("../secret.png")]
    [InlineData("images/../../secret.png")]
    [InlineData("..\\\\secret.png")]
    [InlineData("/etc/secret.png")]
    [InlineData("C:\\\\secret.png")]
    [InlineData("../set-sibling/secret.png")]
    [InlineData("a\\u0000.png")]
    [InlineData("")]
    [InlineData(".")]
    public void Paths_that_leave_the_folder_are_refused(string name)
    {
        TestImages.Write(_folder["secret.png"], TestImages.Noise(1));
        TestImages.Write(_folder["set-sibling/secret.png"], TestImages.Noise(1));
        Text("metadata.jsonl", "\n{\"file_name\": \"" + name + "\", \"text\": \"\"}");
        Exception e = Assert.Throws<InvalidDataException>(() => CaptionedImages.Open(Root));
        Assert.Contains("line 2", e.Message);
        Assert.Contains("not a path within the folder", e.Message);
    }

    [Theory]
    [InlineData("metadata.jsonl", "{\"file_name\": \"a.png\", \"text\": \"x\"}\n{\"file_name\": ", "line 2")]
    [InlineData("metadata.jsonl", "[]", "object was expected")]
    [InlineData("metadata.jsonl", "{\"file_name\": \"a.png\", \"caption\": \"x\"}", "no 'text'; it has 'file_name', 'caption'")]
    [InlineData("metadata.jsonl", "{\"file_name\": \"a.png\", \"text\": 3}", "'text' is of the kind Number")]
    [InlineData("metadata.jsonl", "{\"file_name\": null, \"text\": \"\"}", "'file_name' is null")]
    [InlineData("metadata.jsonl", "\n", "lists no image")]
    [InlineData("metadata.csv", "", "no column 'file_name'")]
    [InlineData("metadata.csv", "file_name,caption\na.png,x", "no column 'text'; it has 'file_name', 'caption'")]
    [InlineData("metadata.csv", "file_name,text\na.png,x\nb.png", "line 3")]
    [InlineData("metadata.csv", "file_name,text\na.png,\"x", "line 2")]
    [InlineData("metadata.csv", "file_name,text\n", "lists no image")]
    public void Bad_metadata_is_refused_by_line(string file, string text, string expected)
    {
        Text(file, text);
        Exception e = Assert.Throws<InvalidDataException>(() => CaptionedImages.Open(Root));
        Assert.Contains(expected, e.Message);
        Assert.Contains(file, e.Message);
    }

    [Fact]
    public void A_folder_without_images_is_refused_with_the_searched_forms()
    {
        Text("readme.md", "nothing");
        string message = Assert.Throws<InvalidDataException>(() => CaptionedImages.Open(Root)).Message;
        Assert.All(new[] { "metadata.jsonl", "metadata.csv", "*.parquet", ".png", ".txt" }, word => Assert.Contains(word, message));
        Assert.Throws<FileNotFoundException>(() => CaptionedImages.Open(Path.Combine(Root, "missing")));
        Text("metadata.csv", "file_name,text\n");
        Text("metadata.jsonl", "");
        Assert.Contains("open the intended one", Assert.Throws<InvalidDataException>(() => CaptionedImages.Open(Root)).Message);
        Assert.Throws<ArgumentException>(() => CaptionedImages.Open(Path.Combine(Root, "metadata.csv"), new ParquetSourceOptions()));
    }

    [Fact]
    public void Unreadable_images_are_refused_or_skipped_by_name()
    {
        for (int i = 0; i < 6; i++) Write($"{i}.png", i);
        byte[] whole = File.ReadAllBytes(Path.Combine(Root, "1.png"));
        File.WriteAllBytes(Path.Combine(Root, "1.png"), whole[..(whole.Length / 2)]);
        Text("3.png", "not an image");
        Text("metadata.csv", "file_name,text\n" + string.Concat(Enumerable.Range(0, 6).Select(i => $"{i}.png,{i}\n")));

        StoredImages refusing = CaptionedImages.Open(Root);
        Assert.Equal(6, refusing.Count);
        Assert.Equal("2", refusing.Read(2).Caption);
        Assert.StartsWith("'3.png' cannot be read:", Assert.Throws<InvalidDataException>(() => refusing.Read(3)).Message);
        Assert.StartsWith("'1.png' cannot be read:", Assert.Throws<InvalidDataException>(() => refusing.Read(1)).Message);

        File.Delete(Path.Combine(Root, "5.png"));
        Assert.Contains("1 of the 6 images", Assert.Throws<FileNotFoundException>(() => CaptionedImages.Open(Root)).Message);

        var log = new TestImages.RecordedLog();
        StoredImages source = CaptionedImages.Open(
            Root, new StoredImagesOptions { UnreadableImageHandling = UnreadableImageHandling.Skip }, log);
        Assert.Equal(["1.png", "3.png", "5.png"], source.Unreadable.Select(u => u.Name));
        Assert.Equal(
            ["1.png", "3.png", "5.png"],
            log.Lines.Where(l => l.StartsWith("Warning: ", StringComparison.Ordinal)).Select(l => l.Split(' ')[1]));
        Assert.Equal(["0", "2", "4"], source.All().Select(i => i.Caption));
        Assert.Equal("4", source.ReadCaption(2));
        Assert.Equal(TestImages.Noise(4).Rgb.ToArray(), source.Read(2).Rgb());
    }

    [Fact]
    public void Transparency_is_laid_on_white_or_the_given_colour()
    {
        Directory.CreateDirectory(Root);
        using (var bitmap = new SKBitmap(1, 1, SKColorType.Rgba8888, SKAlphaType.Unpremul))
        {
            bitmap.SetPixel(0, 0, new SKColor(200, 100, 0, 51));
            using SKData png = bitmap.Encode(SKEncodedImageFormat.Png, 100);
            File.WriteAllBytes(Path.Combine(Root, "a.png"), png.ToArray());
        }

        Text("a.txt", "");
        StoredImages white = CaptionedImages.Open(Root);
        Assert.Equal(new byte[] { 244, 224, 204 }, white.Read(0).Rgb());
        var codec = new SkiaImageCodec { Background = new RgbColor(0, 0, 250) };
        StoredImages blue = CaptionedImages.Open(Root, new StoredImagesOptions { Codec = codec });
        Assert.Equal(new byte[] { 40, 20, 200 }, blue.Read(0).Rgb());
    }

    [Fact]
    public void A_real_folder_is_read()
    {
        StoredImages source = CaptionedImages.Open(SharedData.Require("pokemon-captioned"));
        Assert.Equal(642, source.Count);
        Assert.StartsWith("a quadrupedal, reptile-like creature", source.ReadCaption(0));
        Assert.Equal((256, 256, "images/1.jpg"), (source.Read(0).Image.Width, source.Read(0).Image.Height, source.Read(0).Name));
    }

    private void Write(string name, int seed) => TestImages.Write(Path.Combine(Root, name), TestImages.Noise(seed));

    private void Text(string name, string text)
    {
        Directory.CreateDirectory(Path.GetDirectoryName(Path.Combine(Root, name))!);
        File.WriteAllText(Path.Combine(Root, name), text);
    }
}
