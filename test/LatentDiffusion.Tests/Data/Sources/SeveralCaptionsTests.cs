using Xunit;

namespace LatentDiffusion.Tests.Data;

public sealed class SeveralCaptionsTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void Lists_and_lines_are_captions()
    {
        Image("a/0.png");
        File.WriteAllText(_folder["a/0.txt"], "one\r\n\r\n two \nthree\n");
        StoredImages lines = CaptionedImages.Open(_folder["a"]);
        Assert.Equal(["one", "two", "three"], lines.ReadCaptions(0));
        Assert.Equal("one", lines.Read(0).Caption);
        StoredImages whole = CaptionedImages.Open(_folder["a"], new ImageFolderOptions { CaptionPerLine = false });
        Assert.Equal(["one\r\n\r\n two \nthree"], whole.ReadCaptions(0));

        Image("b/0.png");
        Image("b/1.png");
        Image("b/2.png");
        File.WriteAllText(_folder["b/metadata.jsonl"], """
            {"file_name": "0.png", "text": ["a cat", "a small cat"]}
            {"file_name": "1.png", "text": "a\nb"}
            {"file_name": "2.png", "text": []}
            """);
        StoredImages list = CaptionedImages.Open(_folder["b"]);
        Assert.Equal([["a cat", "a small cat"], ["a\nb"], [""]], Enumerable.Range(0, 3).Select(i => list.ReadCaptions(i)));
        File.WriteAllText(_folder["b/metadata.jsonl"], """{"file_name": "0.png", "text": ["a", 3]}""");
        string message = Assert.Throws<InvalidDataException>(() => CaptionedImages.Open(_folder["b"])).Message;
        Assert.Contains("'text' is of the kind Number", message);
    }

    [Fact]
    public void Files_of_several_lines_are_said_once()
    {
        var log = new TestImages.RecordedLog();
        Source(logger: log);
        string line = Assert.Single(log.Lines);
        Assert.StartsWith("Warning: ", line, StringComparison.Ordinal);
        Assert.Contains("6 images have several lines (0.png, ", line, StringComparison.Ordinal);
        Assert.Contains("ImageFolderOptions.CaptionPerLine = false", line, StringComparison.Ordinal);
        CaptionedImages.Open(_folder["set"], new ImageFolderOptions { CaptionPerLine = false }, log);
        Assert.Single(log.Lines);
    }

    [Fact]
    public void Each_epoch_takes_another_until_all_were_taken()
    {
        StoredImages source = Source(), again = Source(), other = Source(seed: 1);
        for (int image = 0; image < 6; image++)
        {
            string[] taken = [.. Enumerable.Range(0, 12).Select(epoch => source.ReadCaption(image, epoch))];
            Assert.Equal(source.ReadCaption(image), taken[0]);
            foreach (string[] round in taken.Chunk(3)) Assert.Equal(["0", "1", "2"], round.Order());
            for (int epoch = 11; epoch >= 0; epoch--)
            {
                Assert.Equal(taken[epoch], again.ReadCaption(image, epoch));
                Assert.Equal(taken[epoch], source.Read(image, epoch).Caption);
            }
        }

        Assert.NotEqual(Orders(source), Orders(other));
        Assert.True(Orders(source).Distinct().Count() > 2);
        Assert.Throws<ArgumentOutOfRangeException>(() => source.ReadCaption(0, -1));

        static string[] Orders(StoredImages images) =>
            [.. Enumerable.Range(0, 6).Select(i => string.Concat(Enumerable.Range(0, 9).Select(e => images.ReadCaption(i, e))))];
    }

    [Fact]
    public void Preparation_passes_the_variant_on()
    {
        StoredImages source = Source();
        var subset = new SubsetImages(source, [5, 2]);
        var prepared = new PreparedImages(subset, new PreparedImagesOptions { Width = 4, Height = 4 });
        BucketedImages buckets = BucketedImages.Sort(
            source,
            new AspectRatioBuckets(new AspectRatioBucketOptions { Area = 16, Step = 4, MaximumRatio = 1 }),
            new BucketedImagesOptions { BatchSize = 6 });
        var endless = new RepeatingSource(prepared);
        for (int epoch = 0; epoch < 5; epoch++)
        {
            Assert.Equal(source.ReadCaption(2, epoch), prepared.Read(1, epoch).Caption);
            Assert.Equal(source.ReadCaption(2, epoch), prepared.ReadCaption(1, epoch));
            Assert.Equal(source.ReadCaption(2, epoch), buckets.Read(2, epoch).Caption);
            Assert.Equal(buckets.Batch(epoch).Select(i => source.ReadCaption(i, epoch)), buckets.ReadBatch(epoch).Select(i => i.Caption));
            Assert.Equal(endless.Read(2 * epoch).Caption, endless.ReadCaption(2 * epoch));
        }

        Assert.Equal(["0", "1", "2"], prepared.ReadCaptions(1));
        // Evaluation reads the first caption.
        Assert.All(Enumerable.Range(0, 6), i => Assert.Equal("0", source.Read(i).Caption));
    }

    [Fact]
    public void The_key_of_a_data_set_is_of_all_its_captions()
    {
        string before = ContentHash.Compute(Source());
        File.WriteAllText(_folder["set/3.txt"], "0\n1\n3");
        Assert.NotEqual(before, ContentHash.Compute(CaptionedImages.Open(_folder["set"])));
    }

    private StoredImages Source(ulong seed = 0, TestImages.RecordedLog? logger = null)
    {
        for (int i = 0; i < 6; i++)
        {
            Image($"set/{i}.png");
            File.WriteAllText(_folder[$"set/{i}.txt"], "0\n1\n2");
        }

        return CaptionedImages.Open(_folder["set"], new StoredImagesOptions { CaptionSeed = seed }, logger);
    }

    private void Image(string name) => TestImages.Write(_folder[name], TestImages.Noise(name.Length));
}
