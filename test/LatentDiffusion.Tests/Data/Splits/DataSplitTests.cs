using System.ComponentModel.DataAnnotations;
using System.Security.Cryptography;
using CsCheck;
using Xunit;

namespace LatentDiffusion.Tests.Data;

public sealed class DataSplitTests
{
    [Fact]
    public void The_part_of_an_image_follows_only_from_its_pixels()
    {
        Gen.Select(Gen.Int[0, 60].Array[1, 60], Gen.Int, Gen.ULong[0, 3]).Sample((seeds, shuffle, seed) =>
        {
            var options = new DataSplitOptions { Validation = 0.3, Test = 0.3, Seed = seed };
            int[] order = [.. seeds];
            new Random(shuffle).Shuffle(order);
            Dictionary<string, string> first = Places(seeds, options), second = Places(order, options);
            Dictionary<string, string> half = Places(seeds[..(seeds.Length / 2)], options);

            // The same part for another order, number of images, names and captions. Places asserts that equal images are in
            // one part.
            Assert.Equal(first.OrderBy(p => p.Key), second.OrderBy(p => p.Key));
            Assert.All(half, p => Assert.Equal(first[p.Key], p.Value));
        }, iter: 100);
    }

    [Fact]
    public void Parts_cover_everything_once_in_the_given_fractions()
    {
        const int Count = 4000;
        var source = new TestImages.InMemory([.. Enumerable.Range(0, Count).Select(i => TestImages.Noise(i, 2, 2))]);
        DataSplit split = DataSplit.Create(source), other = DataSplit.Create(source, new DataSplitOptions { Seed = 1 });
        Assert.Equal(
            Enumerable.Range(0, Count).Select(i => (long)i),
            split.Train.Indices.Concat(split.Validation.Indices).Concat(split.Test.Indices).Order());

        // 200 of 4000 are expected, with a standard deviation of 13.8; the range is five of them.
        Assert.InRange(split.Validation.Count!.Value, 131, 269);
        Assert.InRange(split.Test.Count!.Value, 131, 269);
        Assert.NotEqual(split.Test.Indices, other.Test.Indices);
        Assert.Equal(split.Test.Indices.Order(), split.Test.Indices);
        Assert.Equal(source.Read(split.Test.Indices[3]), split.Test.Read(3));
        Assert.Equal(source.Count, DataSplit.Create(source, new DataSplitOptions { Validation = 0, Test = 0 }).Train.Count);
    }

    [Fact]
    public void Published_parts_are_kept()
    {
        using var folder = new TemporaryFolder();
        foreach (string part in new[] { "train", "test" })
        {
            for (int i = 0; i < 30; i++) TestImages.Write(folder[$"{part}/{i}.png"], TestImages.Noise(i));
            string[] rows = [.. Enumerable.Range(0, 30).Select(i => $"{i}.png,{part} {i}")];
            File.WriteAllLines(folder[$"{part}/metadata.csv"], ["file_name,text", .. rows]);
        }

        var log = new TestImages.RecordedLog();
        StoredImages source = CaptionedImages.Open(folder[""], null, log);
        Assert.Contains(log.Lines, l => l.Contains("Test 30, Train 30", StringComparison.Ordinal));
        DataSplit split = DataSplit.Create(source, new DataSplitOptions { Validation = 0.3, Test = 0.3 });
        Assert.Equal(30, split.Test.Count);
        Assert.All(split.Test.All(), i => Assert.StartsWith("test", i.Caption));
        Assert.All(split.Train.All().Concat(split.Validation.All()), i => Assert.StartsWith("train", i.Caption));
        // 9 of 30 are expected, with a standard deviation of 2.5.
        Assert.InRange(split.Validation.Count!.Value, 1, 20);
        Assert.Equal(30, split.Train.Count + split.Validation.Count);
        Assert.Equal(30, DataSplit.Create(new SubsetImages(source, Enumerable.Range(0, 60).Select(i => (long)i).Reverse())).Test.Count);
        var whole = new DataSplitOptions { KeepPublishedParts = false, Validation = 0, Test = 0 };
        Assert.Equal(60, DataSplit.Create(source, whole).Train.Count);
    }

    [Theory]
    [InlineData("train/a.png", "cars/b.png", "", "")]
    [InlineData("train/a.png", "test/b.png", "Train", "Test")]
    [InlineData("Training/a.png", "VAL/b.png", "Train", "Validation")]
    [InlineData("data/train-00000-of-00002.parquet", "data/test-00000-of-00001.parquet", "Train", "Test")]
    [InlineData("default/train/0000.parquet", "default/validation/0000.parquet", "Train", "Validation")]
    [InlineData("train.parquet", "dev.parquet", "Train", "Validation")]
    [InlineData("test.png", "train.png", "", "")]
    [InlineData("train2017/a.jpg", "val2017/b.jpg", "Train", "Validation")]
    [InlineData("birds-train-00.parquet", "birds_test.parquet", "Train", "Test")]
    [InlineData("train-test.parquet", "birds.val.parquet", "", "Validation")]
    [InlineData("10_test subject/a.png", "10_val/b.png", "", "")]
    [InlineData("testimony-1.parquet", "eval_2.parquet", "", "Test")]
    public void Parts_follow_from_names(string first, string second, string firstPart, string secondPart) =>
        Assert.Equal([firstPart, secondPart], PublishedParts.FromNames([first, second]).Select(p => p?.ToString() ?? ""));

    [Fact]
    public void Nothing_is_read_where_nothing_is_held_out()
    {
        DataSplit split = DataSplit.Create(new Unreadable(), new DataSplitOptions { Validation = 0, Test = 0, NearDuplicateBits = 4 });
        Assert.Equal((10L, 0L, 0L), (split.Train.Count, split.Validation.Count, split.Test.Count));
        var options = new DataSplitOptions { Validation = 0, Test = 0 };
        Assert.Throws<ArgumentException>(() => DataSplit.Create(new RepeatingSource(new Unreadable()), options));
    }

    [Fact]
    public void Near_duplicates_are_kept_out_of_what_is_held_out()
    {
        const int Count = 40;
        ImageBuffer[] images = [.. Enumerable.Range(0, Count).Select(i => Smooth(i))];
        ImageBuffer[] twins = [.. images.Select((image, i) => i % 2 == 0 ? image.Mirrored() : Encoded(image.Resize(48, 36)))];
        var source = new TestImages.InMemory([.. images, .. twins]);
        var options = new DataSplitOptions { Validation = 0.25, Test = 0.25 };
        DataSplit plain = DataSplit.Create(source, options), split = DataSplit.Create(source, options with { NearDuplicateBits = 8 });
        Assert.Empty(plain.LeftOut);
        Assert.Equal(plain.Train.Indices, split.Train.Indices);
        long[] train = [.. plain.Train.Indices.Select(i => i % Count)], validation = [.. plain.Validation.Indices.Select(i => i % Count)];
        IEnumerable<long> expected = plain.Validation.Indices.Where(i => train.Contains(i % Count))
            .Concat(plain.Test.Indices.Where(i => train.Contains(i % Count) || validation.Contains(i % Count)));
        Assert.NotEmpty(split.LeftOut);
        Assert.Equal(expected.Order(), split.LeftOut);
        Assert.Equal(2 * Count, split.Train.Count + split.Validation.Count + split.Test.Count + split.LeftOut.Count);
        Assert.Throws<ValidationException>(() => DataSplit.Create(source, options with { NearDuplicateBits = 17 }));
    }

    // Smooth like a photograph.
    private static ImageBuffer Smooth(int seed)
    {
        var random = new Random(seed);
        byte[] rough = new byte[12 * 9 * 3];
        random.NextBytes(rough);
        return new ImageBuffer(12, 9, rough).Resize(64, 48);
    }

    private static ImageBuffer Encoded(ImageBuffer image)
    {
        var codec = new SkiaImageCodec();
        return codec.Decode(codec.Encode(image, "image/jpeg"));
    }

    private sealed class Unreadable : ICaptionedImageSource
    {
        public long? Count => 10;

        public CaptionedImage Read(long index) => throw new InvalidOperationException("It was not to be read.");
    }

    [Theory]
    [InlineData(0.5, 0.5)]
    [InlineData(-0.1, 0.1)]
    [InlineData(0.1, 1)]
    [InlineData(double.NaN, 0)]
    public void Fractions_that_leave_nothing_are_refused(double validation, double test) => Assert.Throws<ValidationException>(
        () => DataSplit.Create(
            new TestImages.InMemory(TestImages.Noise(1)), new DataSplitOptions { Validation = validation, Test = test }));

    [Fact]
    public void Hashes_distinguish_content()
    {
        ImageBuffer image = TestImages.Noise(1, 4, 2);
        Assert.Equal(ContentHash.Compute(image), ContentHash.Compute(new ImageBuffer(4, 2, image.Rgb)));
        Assert.NotEqual(ContentHash.Compute(image), ContentHash.Compute(new ImageBuffer(2, 4, image.Rgb)));

        // Computed here: SHA-256 of two little-endian sizes and the pixels.
        Assert.Equal(SHA256.HashData([4, 0, 0, 0, 2, 0, 0, 0, .. image.Rgb]), ContentHash.Compute(image));
        var one = new TestImages.InMemory(image, TestImages.Noise(2));
        Assert.Equal(ContentHash.Compute(one), ContentHash.Compute(new TestImages.InMemory(image, TestImages.Noise(2))));
        Assert.NotEqual(ContentHash.Compute(one), ContentHash.Compute(new TestImages.InMemory(TestImages.Noise(2), image)));
        Assert.NotEqual(ContentHash.Compute(one), ContentHash.Compute(new TestImages.InMemory(image)));
    }

    private static Dictionary<string, string> Places(int[] seeds, DataSplitOptions options)
    {
        DataSplit split = DataSplit.Create(new TestImages.InMemory([.. seeds.Select(s => TestImages.Noise(s, 3, 3))]), options);
        var places = new Dictionary<string, string>();
        (string, SubsetImages)[] parts = [("train", split.Train), ("validation", split.Validation), ("test", split.Test)];
        foreach ((string part, SubsetImages images) in parts)
        {
            foreach (CaptionedImage image in images.All())
            {
                string content = Convert.ToHexString(image.Rgb());
                Assert.Equal(part, places.GetValueOrDefault(content, part));
                places[content] = part;
            }
        }

        return places;
    }
}
