using CsCheck;
using LatentDiffusion.Tests.Diagnostics;
using Xunit;

namespace LatentDiffusion.Tests.Data;

public sealed class AspectRatioBucketTests
{
    [Fact]
    public void Defaults_are_the_table_of_Stable_Diffusion_XL()
    {
        // Podell et al. 2023, appendix I: the heights from square to tall; the widths are symmetric.
        (int, int)[] tall =
        [
            (512, 2048), (512, 1984), (512, 1920), (512, 1856), (576, 1792),
            (576, 1728), (576, 1664), (640, 1600), (640, 1536), (704, 1472),
            (704, 1408), (704, 1344), (768, 1344), (768, 1280), (832, 1216),
            (832, 1152), (896, 1152), (896, 1088), (960, 1088), (960, 1024),
        ];
        (int, int)[] expected = [.. tall, (1024, 1024), .. tall.AsEnumerable().Reverse().Select(s => (s.Item2, s.Item1))];
        Assert.Equal(expected, new AspectRatioBuckets().Sizes.Select(s => (s.Width, s.Height)));
    }

    [Fact]
    public void Every_image_goes_to_the_nearest_ratio()
    {
        var steps = Gen.Int[0, 2].Select(i => 16 << i);
        Gen.Select(Gen.Int[1, 5000], Gen.Int[1, 5000], Gen.Int[64, 256], steps).Sample((width, height, side, step) =>
        {
            var buckets = new AspectRatioBuckets(new AspectRatioBucketOptions { Area = (long)side * side, Step = step, Shortfall = 0.6 });
            ImageSize found = buckets.Sizes[buckets.Nearest(width, height)], turned = buckets.Sizes[buckets.Nearest(height, width)];
            double ratio = Math.Log((double)width / height);
            double least = buckets.Sizes.Min(s => Math.Abs(ratio - Math.Log(s.Ratio)));
            Assert.Equal(least, Math.Abs(ratio - Math.Log(found.Ratio)), 1e-12);
            Assert.Equal(least, Math.Abs(-ratio - Math.Log(turned.Ratio)), 1e-12);
            Assert.All(buckets.Sizes, s =>
            {
                Assert.Equal((0, 0), (s.Width % step, s.Height % step));
                Assert.InRange(s.Area, 0.4 * side * side, (double)side * side);
                Assert.InRange(s.Ratio, 0.25, 4);
                Assert.Contains(new ImageSize(s.Height, s.Width), buckets.Sizes);
            });
        }, iter: 300);
    }

    [Fact]
    public void Equal_sizes_have_equal_buckets()
    {
        var buckets = new AspectRatioBuckets();
        for (int i = 0; i < buckets.Sizes.Count; i++) Assert.Equal(i, buckets.Nearest(buckets.Sizes[i].Width, buckets.Sizes[i].Height));
        Assert.Throws<ArgumentException>(() => new AspectRatioBuckets(new AspectRatioBucketOptions { Area = 100, Step = 64 }));
    }

    [Theory]
    [InlineData(IncompleteBatches.Fill)]
    [InlineData(IncompleteBatches.Drop)]
    [InlineData(IncompleteBatches.Keep)]
    public void Batches_are_of_one_size_and_hold_every_image(IncompleteBatches incomplete)
    {
        Gen.Select(Gen.Select(Gen.Int[1, 24], Gen.Int[1, 24]).Array[1, 40], Gen.Int[1, 5], Gen.ULong).Sample((sizes, batchSize, seed) =>
        {
            var source = new TestImages.InMemory([.. sizes.Select((s, i) => TestImages.Noise(i, s.Item1, s.Item2))]);
            var buckets = new AspectRatioBuckets(new AspectRatioBucketOptions { Area = 256, Step = 4, Shortfall = 0.3 });
            var options = new BucketedImagesOptions { BatchSize = batchSize, Incomplete = incomplete, Seed = seed };
            var perBucket = sizes.GroupBy(s => buckets.Nearest(s.Item1, s.Item2));
            if (incomplete == IncompleteBatches.Drop && perBucket.All(g => g.Count() < batchSize))
            {
                Assert.Throws<ArgumentException>(() => BucketedImages.Sort(source, buckets, options));
                return;
            }

            BucketedImages images = BucketedImages.Sort(source, buckets, options), again = BucketedImages.Sort(source, buckets, options);
            var seen = new Dictionary<long, int>();
            for (long step = 0; step < images.BatchesPerEpoch; step++)
            {
                long[] batch = images.Batch(step);
                Assert.Single(batch.Select(images.SizeOf).Distinct());
                Assert.InRange(batch.Length, incomplete == IncompleteBatches.Keep ? 1 : batchSize, batchSize);
                foreach (long index in batch) seen[index] = seen.GetValueOrDefault(index) + 1;
                Assert.Equal(batch, again.Batch(step));
                Assert.Equal(images.Batch(step + images.BatchesPerEpoch), again.Batch(step + images.BatchesPerEpoch));
            }

            for (int bucket = 0; bucket < buckets.Sizes.Count; bucket++)
            {
                IReadOnlyList<long> members = images.InBucket(bucket).Indices;
                Assert.All(members, m => Assert.Equal(bucket, buckets.Nearest(sizes[m].Item1, sizes[m].Item2)));
                int rest = members.Count % batchSize, times = members.Sum(m => seen.GetValueOrDefault(m));
                int expected = incomplete switch
                {
                    IncompleteBatches.Drop => members.Count - rest,
                    IncompleteBatches.Fill when rest > 0 => members.Count - rest + batchSize,
                    _ => members.Count,
                };
                Assert.Equal(expected, times);
                int most = incomplete == IncompleteBatches.Fill ? batchSize + 1 : 1;
                if (incomplete != IncompleteBatches.Drop) Assert.All(members, m => Assert.InRange(seen[m], 1, most));
            }
        }, iter: 60);
    }

    [Theory]
    [InlineData(IncompleteBatches.Fill, "each is seen 16 times an epoch", "each is seen 3.2 times an epoch")]
    [InlineData(IncompleteBatches.Drop, "never seen", "never seen")]
    [InlineData(
        IncompleteBatches.Keep,
        "a step of 1 only, in which each counts 16 times as much",
        "a step of 5 only, in which each counts 3.2 times as much")]
    public void Buckets_smaller_than_a_batch_are_warned_of(IncompleteBatches incomplete, string tall, string wide)
    {
        ImageBuffer[] images =
        [
            .. Enumerable.Range(0, 40).Select(i => TestImages.Noise(i, 16, 16)),
            .. Enumerable.Range(40, 5).Select(i => TestImages.Noise(i, 32, 8)),
            TestImages.Noise(45, 8, 32),
        ];
        var buckets = new AspectRatioBuckets(new AspectRatioBucketOptions { Area = 256, Step = 8 });
        using var log = new LogRecorder();
        var options = new BucketedImagesOptions { BatchSize = 16, Incomplete = incomplete };
        BucketedImages.Sort(new TestImages.InMemory(images), buckets, options, logger: log.CreateLogger("buckets"));
        string warning = Assert.Single(log.Lines).Text;
        Assert.StartsWith("Buckets with fewer images than a batch of 16: ", warning, StringComparison.Ordinal);
        Assert.Contains($"8 x 32 has 1 ({tall}", warning, StringComparison.Ordinal);
        Assert.Contains($"32 x 8 has 5 ({wide}", warning, StringComparison.Ordinal);
        Assert.DoesNotContain("16 x 16 has", warning, StringComparison.Ordinal);
    }

    [Fact]
    public void Images_are_resized_to_their_bucket_and_shuffled()
    {
        ImageBuffer[] stored = [.. Enumerable.Range(0, 30).Select(i => TestImages.Noise(i, i % 2 == 0 ? 40 : 20, 30))];
        BucketedImages images = BucketedImages.Sort(
            new TestImages.InMemory(stored),
            new AspectRatioBuckets(new AspectRatioBucketOptions { Area = 24 * 24, Step = 4 }),
            new BucketedImagesOptions { BatchSize = 4, FlipProbability = 0.5, Crop = CropPosition.Random });
        for (long step = 0; step < 2 * images.BatchesPerEpoch; step++)
        {
            CaptionedImage[] batch = images.ReadBatch(step);
            Assert.Single(batch.Select(b => (b.Image.Width, b.Image.Height)).Distinct());
            Assert.Equal(images.Batch(step).Select(i => $"caption {i}"), batch.Select(b => b.Caption));
            Assert.All(
                batch.Zip(images.Batch(step)),
                pair => Assert.Equal(images.Read(pair.Second, step / images.BatchesPerEpoch).Rgb(), pair.First.Rgb()));
        }

        Assert.NotEqual(Epoch(0), Epoch(1));
        ImageBuffer middle = BucketedImages.Sort(new TestImages.InMemory(stored), images.Buckets).Read(2).Image;
        Assert.Equal(stored[2].ResizeAndCrop(middle.Width, middle.Height).Rgb.ToArray(), middle.Rgb.ToArray());

        long[] Epoch(int number)
        {
            int count = (int)images.BatchesPerEpoch;
            return [.. Enumerable.Range(0, count).SelectMany(step => images.Batch((long)number * count + step))];
        }
    }
}
