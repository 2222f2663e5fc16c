using Xunit;

namespace LatentDiffusion.Tests.Data;

public sealed class ImageIndexTests : IDisposable
{
    private const int Images = 12;

    private readonly TemporaryFolder _folder = new();
    private readonly CountingCodec _codec = new();

    public ImageIndexTests()
    {
        for (int i = 0; i < Images; i++)
        {
            TestImages.Write(_folder[$"set/{i:D2}.png"], TestImages.Noise(i, 8 + i));
            File.WriteAllText(_folder[$"set/{i:D2}.txt"], "");
        }
    }

    private string IndexPath => _folder["index.jsonl"];

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void Each_image_is_decoded_once_for_all_questions()
    {
        StoredImages source = Open(indexPath: null, UnreadableImageHandling.Skip);
        DataSplit.Create(source, new DataSplitOptions { NearDuplicateBits = 4 });
        ContentHash.Compute(source);
        var buckets = new AspectRatioBuckets(new AspectRatioBucketOptions { Area = 64, Step = 8 });
        BucketedImages.Sort(source, buckets, new BucketedImagesOptions { BatchSize = 1 });
        Assert.Equal(Images, _codec.Decoded);
    }

    [Fact]
    public void Nothing_is_decoded_the_next_time()
    {
        File.WriteAllText(_folder["set/05.png"], "no image");
        StoredImages first = Open(IndexPath, UnreadableImageHandling.Skip);
        string key = ContentHash.Compute(first);
        long[] test = [.. DataSplit.Create(first, new DataSplitOptions { Test = 0.5 }).Test.Indices];
        Assert.Equal(Images, _codec.Decoded);
        StoredImages second = Open(IndexPath, UnreadableImageHandling.Skip);
        Assert.Equal(key, ContentHash.Compute(second));
        Assert.Equal(test, DataSplit.Create(second, new DataSplitOptions { Test = 0.5 }).Test.Indices);
        Assert.Equal(first.Unreadable, second.Unreadable);
        Assert.Equal((13 + 6, 8), second.ReadSize(10));
        Assert.Equal(Images, _codec.Decoded);
    }

    [Fact]
    public void Hashes_and_splits_decode_nothing()
    {
        StoredImages source = Open(IndexPath);
        string key = ContentHash.Compute(source);
        long[] test = [.. DataSplit.Create(source, new DataSplitOptions { Test = 0.5 }).Test.Indices];
        Assert.Equal(0, _codec.Decoded);
        // What is decoded later keeps the hash.
        StoredImages inspected = Open(IndexPath, UnreadableImageHandling.Skip);
        Assert.Equal(Images, _codec.Decoded);
        Assert.Equal(key, ContentHash.Compute(inspected));
        Assert.Equal(test, DataSplit.Create(Open(IndexPath), new DataSplitOptions { Test = 0.5 }).Test.Indices);
    }

    [Fact]
    public void An_index_of_hashes_is_written_again_once_all_images_are_decoded()
    {
        ContentHash.Compute(Open(IndexPath));
        byte[] hashed = File.ReadAllBytes(IndexPath);
        StoredImages source = Open(IndexPath);
        for (int i = 0; i < Images; i++)
        {
            Assert.Equal(hashed, File.ReadAllBytes(IndexPath));
            source.ReadPerceptualHash(i);
        }

        Assert.NotEqual(hashed, File.ReadAllBytes(IndexPath));
        Open(IndexPath, UnreadableImageHandling.Skip);
        Assert.Equal(Images, _codec.Decoded);
    }

    [Fact]
    public void A_hash_covers_the_background_of_transparent_images()
    {
        string Key(RgbColor background) => ContentHash.Compute(
            CaptionedImages.Open(_folder["set"], new StoredImagesOptions { Codec = new SkiaImageCodec { Background = background } }));
        Assert.Equal(Key(RgbColor.White), Key(RgbColor.White));
        Assert.NotEqual(Key(RgbColor.White), Key(RgbColor.Black));
    }

    [Fact]
    public void Changed_images_are_decoded_again()
    {
        string key = ContentHash.Compute(Open(IndexPath, UnreadableImageHandling.Skip));
        string path = _folder["set/03.png"];
        byte[] bytes = File.ReadAllBytes(path);
        TestImages.Write(path, TestImages.Noise(99));
        Assert.NotEqual(key, ContentHash.Compute(Open(IndexPath, UnreadableImageHandling.Skip)));
        Assert.Equal(Images + 1, _codec.Decoded);
        File.WriteAllBytes(path, bytes);
        File.SetLastWriteTimeUtc(path, DateTime.UtcNow.AddHours(1));
        Assert.Equal(key, ContentHash.Compute(Open(IndexPath, UnreadableImageHandling.Skip)));
        Assert.Equal(Images + 2, _codec.Decoded);
    }

    [Theory]
    [InlineData("")]
    [InlineData("{\"Identity\": \"another codec\"}\n")]
    [InlineData("no index")]
    public void Another_index_counts_as_none(string text)
    {
        File.WriteAllText(IndexPath, text);
        Open(IndexPath, UnreadableImageHandling.Skip);
        Assert.Equal(Images, _codec.Decoded);
        Open(IndexPath, UnreadableImageHandling.Skip);
        Assert.Equal(Images, _codec.Decoded);
    }

    [Fact]
    public void A_damaged_line_costs_one_image()
    {
        string key = ContentHash.Compute(Open(IndexPath, UnreadableImageHandling.Skip));
        string[] lines = File.ReadAllLines(IndexPath);
        lines[4] = lines[4][..20];
        File.WriteAllLines(IndexPath, lines);
        Assert.Equal(key, ContentHash.Compute(Open(IndexPath, UnreadableImageHandling.Skip)));
        Assert.Equal(Images + 1, _codec.Decoded);
    }

    [Fact]
    public void Sizes_are_read_from_headers()
    {
        var log = new TestImages.RecordedLog();
        var options = new StoredImagesOptions { Codec = _codec, MinimumSide = 8, MaximumAspectRatio = 1.5 };
        var reports = new List<long>();
        StoredImages source = CaptionedImages.Open(_folder["set"], options, log, new Synchronous(reports));
        Assert.Equal(0, _codec.Decoded);
        Assert.Equal(Enumerable.Range(1, Images).Select(i => (long)i), reports.Order());
        // 8 pixels high and from 8 to 19 pixels wide.
        Assert.Equal(5, source.Count);
        Assert.Equal(Enumerable.Range(5, 7).Select(i => $"{i:D2}.png"), source.Unreadable.Select(u => u.Name));
        Assert.Contains(
            log.Lines,
            l => l.Contains("05.png is left out: it is 13 x 8 pixels; MaximumAspectRatio is 1.5", StringComparison.Ordinal));
        Assert.Throws<InvalidDataException>(() => CaptionedImages.Open(_folder["set"], options with { MinimumSide = 9 }));
        Assert.Throws<System.ComponentModel.DataAnnotations.ValidationException>(
            () => CaptionedImages.Open(_folder["set"], options with { MaximumAspectRatio = 0.5 }));
    }

    private StoredImages Open(string? indexPath, UnreadableImageHandling onUnreadable = UnreadableImageHandling.Refuse) =>
        CaptionedImages.Open(
            _folder["set"], new StoredImagesOptions { Codec = _codec, IndexPath = indexPath, UnreadableImageHandling = onUnreadable });

    private sealed class Synchronous(List<long> reports) : IProgress<long>
    {
        public void Report(long value)
        {
            lock (reports) reports.Add(value);
        }
    }

    private sealed class CountingCodec : IImageCodec
    {
        private readonly SkiaImageCodec _skia = new();
        private int _decoded;

        public int Decoded => _decoded;

        public byte[] EncodePng(ImageBuffer image, IReadOnlyDictionary<string, string>? metadata = null) =>
            throw new NotSupportedException();

        public (int Width, int Height) ReadSize(ReadOnlySpan<byte> file) => _skia.ReadSize(file);

        public ImageBuffer Decode(ReadOnlySpan<byte> file)
        {
            Interlocked.Increment(ref _decoded);
            return _skia.Decode(file);
        }
    }
}
