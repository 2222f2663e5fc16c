using System.ComponentModel.DataAnnotations;
using System.Security.Cryptography;
using CsCheck;
using LatentDiffusion.Data;
using Xunit;

namespace LatentDiffusion.Tests.Data;

public sealed class DataSplitTests
{
    [Fact]
    public void WhereAPictureGoesFollowsFromItsPixelsAlone()
    {
        Gen.Select(Gen.Int[0, 60].Array[1, 60], Gen.Int, Gen.ULong[0, 3]).Sample((seeds, shuffle, seed) =>
        {
            var options = new DataSplitOptions { Validation = 0.3, Test = 0.3, Seed = seed };
            int[] order = [.. seeds];
            new Random(shuffle).Shuffle(order);
            Dictionary<string, string> first = Places(seeds, options), second = Places(order, options), half = Places(seeds[..(seeds.Length / 2)], options);

            // Another order, another number of others, other names and captions: the same part; and equal pictures, of which
            // the dictionary holds one, had one part each.
            Assert.Equal(first.OrderBy(p => p.Key), second.OrderBy(p => p.Key));
            Assert.All(half, p => Assert.Equal(first[p.Key], p.Value));
        }, iter: 100);
    }

    [Fact]
    public void PartsCoverEverythingOnceInTheSharesAskedFor()
    {
        const int Count = 4000;
        var source = new Pictures.InMemory([.. Enumerable.Range(0, Count).Select(i => Pictures.Noise(i, 2, 2))]);
        DataSplit split = DataSplit.Of(source), other = DataSplit.Of(source, new DataSplitOptions { Seed = 1 });
        Assert.Equal(Enumerable.Range(0, Count).Select(i => (long)i), split.Train.Indices.Concat(split.Validation.Indices).Concat(split.Test.Indices).Order());

        // 200 expected of 4000, standard deviation 13.8; five of them.
        Assert.InRange(split.Validation.Count!.Value, 131, 269);
        Assert.InRange(split.Test.Count!.Value, 131, 269);
        Assert.NotEqual(split.Test.Indices, other.Test.Indices);
        Assert.Equal(split.Test.Indices.Order(), split.Test.Indices);
        Assert.Equal(source.Read(split.Test.Indices[3]), split.Test.Read(3));
        Assert.Equal(source.Count, DataSplit.Of(source, new DataSplitOptions { Validation = 0, Test = 0 }).Train.Count);
    }

    [Theory]
    [InlineData(0.5, 0.5)]
    [InlineData(-0.1, 0.1)]
    [InlineData(0.1, 1)]
    [InlineData(double.NaN, 0)]
    public void SharesThatLeaveNothingAreRefused(double validation, double test) => Assert.Throws<ValidationException>(
        () => DataSplit.Of(new Pictures.InMemory(Pictures.Noise(1)), new DataSplitOptions { Validation = validation, Test = test }));

    [Fact]
    public void HashesTellContentApart()
    {
        ImageBuffer image = Pictures.Noise(1, 4, 2);
        Assert.Equal(ContentHash.Of(image), ContentHash.Of(new ImageBuffer(4, 2, image.Rgb)));
        Assert.NotEqual(ContentHash.Of(image), ContentHash.Of(new ImageBuffer(2, 4, image.Rgb)));

        // By hand: SHA-256 of two little-endian sizes and the pixels.
        Assert.Equal(SHA256.HashData([4, 0, 0, 0, 2, 0, 0, 0, .. image.Rgb]), ContentHash.Of(image));
        var one = new Pictures.InMemory(image, Pictures.Noise(2));
        Assert.Equal(ContentHash.Of(one), ContentHash.Of(new Pictures.InMemory(image, Pictures.Noise(2))));
        Assert.NotEqual(ContentHash.Of(one), ContentHash.Of(new Pictures.InMemory(Pictures.Noise(2), image)));
        Assert.NotEqual(ContentHash.Of(one), ContentHash.Of(new Pictures.InMemory(image)));
    }

    private static Dictionary<string, string> Places(int[] seeds, DataSplitOptions options)
    {
        DataSplit split = DataSplit.Of(new Pictures.InMemory([.. seeds.Select(s => Pictures.Noise(s, 3, 3))]), options);
        var places = new Dictionary<string, string>();
        foreach ((string part, SubsetImages images) in new[] { ("train", split.Train), ("validation", split.Validation), ("test", split.Test) })
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
