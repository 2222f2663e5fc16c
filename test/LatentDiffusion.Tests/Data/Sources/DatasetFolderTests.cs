using System.Runtime.InteropServices;
using Xunit;

namespace LatentDiffusion.Tests.Data;

public sealed class DatasetFolderTests : IDisposable
{
    private const uint ReadWrite = 0x180;

    private readonly TemporaryFolder _folder = new();
    private readonly TestImages.RecordedLog _log = new();

    private string Root => _folder["set"];

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void Hidden_files_and_folders_are_left_out()
    {
        Captioned("a.png", "a");
        Text("._a.png", "a resource fork");
        Captioned(".ipynb_checkpoints/a-checkpoint.png", "copy");
        Captioned("__MACOSX/a.png", "copy");
        Text(".DS_Store", "");
        Assert.Equal(["a.png"], Names());
        string line = Assert.Single(_log.Lines);
        Assert.All([".ipynb_checkpoints/", "._a.png", "__MACOSX/", "4 hidden"], name => Assert.Contains(name, line));
    }

    [Fact]
    public void Other_formats_are_named_in_one_line()
    {
        Captioned("a.png", "a");
        foreach (string name in new[] { "d.tiff", "e.avif", "g.HEIC" }) Captioned(name, "other");
        Assert.Equal(["a.png"], Names());
        string line = Assert.Single(_log.Lines);
        Assert.Contains("1 images are read", line);
        Assert.Contains("3 of formats that SkiaImageCodec does not read (d.tiff, e.avif, g.HEIC)", line);
        File.Delete(Path.Combine(Root, "a.png"));
        Assert.Contains("d.tiff", Assert.Throws<InvalidDataException>(() => CaptionedImages.Open(Root)).Message);
    }

    [Fact]
    public void A_codec_says_which_files_it_reads()
    {
        Captioned("a.png", "png");
        Captioned("b.raw", "raw");
        StoredImages source = CaptionedImages.Open(Root, new StoredImagesOptions { Codec = new RawCodec() }, _log);
        Assert.Equal(["b.raw"], source.All().Select(i => i.Name));
        Assert.Equal((5, 1), source.ReadSize(0));
        Assert.Contains("1 of formats that RawCodec does not read (a.png)", Assert.Single(_log.Lines));
    }

    [Fact]
    public void Images_that_the_metadata_does_not_list_are_named()
    {
        foreach (string name in new[] { "a.png", "b.png", "c/d.png" }) Captioned(name, "");
        Text("metadata.csv", "file_name,text\na.png,a\n");
        Assert.Equal(["a.png"], Names());
        Assert.Contains("2 not in the metadata (b.png, c/d.png)", Assert.Single(_log.Lines));
    }

    [Fact]
    public void Links_within_the_folder_are_followed_once()
    {
        SkipOnWindows();
        Captioned("b/0.png", "b");
        Link("b/loop", ".");
        Link("b/up", "..");
        Link("a", "b");
        Link("c", Root);
        Link("z.png", "b/0.png");
        Text("z.txt", "z");
        Assert.Equal([("b/0.png", "b"), ("z.png", "z")], CaptionedImages.Open(Root, null, _log).All().Select(i => (i.Name, i.Caption)));
        Assert.Empty(_log.Lines);
    }

    [Fact]
    public void A_hidden_folder_may_be_linked_to()
    {
        SkipOnWindows();
        Captioned(".store/0.png", "stored");
        Link("data", ".store");
        Assert.Equal(["data/0.png"], Names());
    }

    [Fact]
    public void Links_out_of_the_folder_are_left_out_or_followed()
    {
        SkipOnWindows();
        Captioned("0.png", "own");
        TestImages.Write(_folder["outside/1.png"], TestImages.Noise(1));
        File.WriteAllText(_folder["outside/1.txt"], "secret");
        TestImages.Write(Path.Combine(Root, "2.png"), TestImages.Noise(2));
        Link("2.txt", "../outside/1.txt");
        Link("d", "../outside");
        Link("3.txt", "d/1.txt");
        Link("gone.png", "nowhere.png");
        // The caption is outside the folder, so the image does not have one.
        Assert.Contains("2.png", Assert.Throws<InvalidDataException>(() => CaptionedImages.Open(Root)).Message);
        var options = new ImageFolderOptions { DefaultCaption = "none" };
        StoredImages inside = CaptionedImages.Open(Root, options, _log);
        Assert.Equal([("0.png", "own"), ("2.png", "none")], inside.All().Select(i => (i.Name, i.Caption)));
        string line = Assert.Single(_log.Lines);
        Assert.Contains("3 links out of the folder (FollowExternalLinks follows them) (2.txt, 3.txt, d)", line);
        Assert.Contains("1 links that lead nowhere (gone.png)", line);
        StoredImages all = CaptionedImages.Open(Root, options with { FollowExternalLinks = true });
        Assert.Equal([("0.png", "own"), ("2.png", "secret"), ("d/1.png", "secret")], all.All().Select(i => (i.Name, i.Caption)));
    }

    [Fact]
    public void Metadata_cannot_name_a_link_out_of_the_folder()
    {
        SkipOnWindows();
        TestImages.Write(_folder["outside/1.png"], TestImages.Noise(1));
        Captioned("0.png", "");
        Link("d", "../outside");
        Text("metadata.jsonl", """
            {"file_name": "0.png", "text": "0"}
            {"file_name": "d/1.png", "text": "1"}
            """);
        string message = Assert.Throws<InvalidDataException>(() => CaptionedImages.Open(Root)).Message;
        Assert.Contains("line 2: 'd/1.png' leads out of the folder", message);
        Assert.Equal(2, CaptionedImages.Open(Root, new StoredImagesOptions { FollowExternalLinks = true }).Count);
        var options = new StoredImagesOptions { UnreadableImageHandling = UnreadableImageHandling.Skip };
        Assert.Equal(["d/1.png"], CaptionedImages.Open(Root, options).Unreadable.Select(u => u.Name));
    }

    [Fact]
    public void Pipes_and_devices_are_never_opened()
    {
        SkipOnWindows();
        Captioned("0.png", "0");
        Captioned("1.png", null);
        Assert.Equal(0, MakePipe(Path.Combine(Root, "1.txt"), ReadWrite));
        Assert.Equal(0, MakePipe(Path.Combine(Root, "2.png"), ReadWrite));
        Link("3.txt", "/dev/zero");
        Link("4.txt", "1.txt");
        var options = new ImageFolderOptions { DefaultCaption = "none", FollowExternalLinks = true };
        StoredImages source = CaptionedImages.Open(Root, options, _log);
        Assert.Equal([("0.png", "0"), ("1.png", "none")], source.All().Select(i => (i.Name, i.Caption)));
        Assert.Contains("4 pipes, sockets and devices (1.txt, 2.png, 3.txt, 4.txt)", Assert.Single(_log.Lines));
        Text("metadata.csv", "file_name,text\n2.png,x\n");
        StoredImages listed = CaptionedImages.Open(Root);
        Assert.Contains("not a regular file", Assert.Throws<InvalidDataException>(() => listed.Read(0)).Message);
        File.Delete(Path.Combine(Root, "metadata.csv"));
        Assert.Equal(0, MakePipe(Path.Combine(Root, "metadata.csv"), ReadWrite));
        string metadata = Path.Combine(Root, "metadata.csv");
        Assert.Contains("not a regular file", Assert.Throws<InvalidDataException>(() => CaptionedImages.Open(metadata)).Message);
    }

    [Theory]
    [InlineData("cafe\u0301.png", "caf\u00e9.txt")]
    [InlineData("caf\u00e9.png", "cafe\u0301.txt")]
    [InlineData("cafe\u0301.png", "cafe\u0301.TXT")]
    [InlineData("caf\u00e9.PNG", "caf\u00e9.caption")]
    [InlineData("v1.2 dog.png", "v1.2 dog.txt")]
    public void Captions_are_found_by_name_in_either_form(string image, string caption)
    {
        Captioned(image, null);
        Text(caption, "found");
        Assert.Equal("found", CaptionedImages.Open(Root).ReadCaption(0));
    }

    [Fact]
    public void Metadata_finds_names_in_either_form()
    {
        Captioned("e\u0301/cafe\u0301.png", null);
        Captioned("caf\u00e9.png", null);
        Text(
            "metadata.jsonl",
            "{\"file_name\": \"\u00e9/caf\u00e9.png\", \"text\": \"1\"}\n{\"file_name\": \"cafe\u0301.png\", \"text\": \"2\"}");
        Assert.Equal(["1", "2"], CaptionedImages.Open(Root).All().Select(i => i.Caption));
    }

    private IEnumerable<string> Names() => CaptionedImages.Open(Root, null, _log).All().Select(i => i.Name);

    private void Captioned(string name, string? caption)
    {
        TestImages.Write(Path.Combine(Root, name), TestImages.Noise(name.Length));
        if (caption is not null) Text(Path.ChangeExtension(name, ".txt"), caption);
    }

    private void Text(string name, string text)
    {
        Directory.CreateDirectory(Path.GetDirectoryName(Path.Combine(Root, name))!);
        File.WriteAllText(Path.Combine(Root, name), text);
    }

    private void Link(string name, string target) => File.CreateSymbolicLink(Path.Combine(Root, name), target);

    private static void SkipOnWindows() => Assert.SkipWhen(OperatingSystem.IsWindows(), "Links and pipes of Unix.");

    [DllImport("libc", EntryPoint = "mkfifo")]
    private static extern int MakePipe([MarshalAs(UnmanagedType.LPUTF8Str)] string path, uint mode);

    private sealed class RawCodec : IImageCodec
    {
        public IReadOnlyList<string> FileExtensions => [".raw"];

        public byte[] EncodePng(ImageBuffer image, IReadOnlyDictionary<string, string>? metadata = null) =>
            throw new NotSupportedException();

        public ImageBuffer Decode(ReadOnlySpan<byte> file) => new(5, 1, new byte[15]);
    }
}
