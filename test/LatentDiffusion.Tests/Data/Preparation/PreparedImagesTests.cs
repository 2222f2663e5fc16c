using System.ComponentModel.DataAnnotations;
using Xunit;

namespace LatentDiffusion.Tests.Data;

public sealed class PreparedImagesTests
{
    [Theory]
    [InlineData(40, 20, 16, 16)]
    [InlineData(20, 40, 16, 12)]
    [InlineData(7, 5, 16, 16)]
    [InlineData(16, 16, 16, 16)]
    [InlineData(31, 17, 5, 9)]
    public void Cover_and_centre_resize_and_crop_the_middle(int width, int height, int newWidth, int newHeight)
    {
        ImageBuffer image = TestImages.Noise(1, width, height);
        CaptionedImage prepared = Prepared([image], new PreparedImagesOptions { Width = newWidth, Height = newHeight }).Read(0);
        Assert.Equal(image.ResizeAndCrop(newWidth, newHeight).Rgb.ToArray(), prepared.Rgb());
        Assert.Equal(("caption 0", "image 0"), (prepared.Caption, prepared.Name));
    }

    [Fact]
    public void A_larger_shorter_side_leaves_room_for_crops()
    {
        ImageBuffer image = TestImages.Noise(1, 40, 20);
        var options = new PreparedImagesOptions { Width = 8, Height = 8, ShorterSide = 10 };
        Assert.Equal(image.Resize(20, 10).Crop(6, 1, 8, 8).Rgb.ToArray(), Prepared([image], options).Read(0).Rgb());
        PreparedImagesOptions stretched = options with { ShorterSide = null, Fit = ImageFit.Stretch };
        Assert.Equal(image.Resize(8, 8).Rgb.ToArray(), Prepared([image], stretched).Read(0).Rgb());
    }

    [Fact]
    public void Random_crops_are_uniform_and_reproducible()
    {
        PreparedImages images = Prepared(
            [TestImages.Positions(12, 10), TestImages.Positions(12, 10)],
            new PreparedImagesOptions
            {
                Width = 8, Height = 8, Fit = ImageFit.Keep, Crop = CropPosition.Random, FlipProbability = 0.25, Seed = 5,
            });
        var corners = new int[5, 3];
        int flipped = 0;
        for (int variant = 0; variant < 3000; variant++)
        {
            byte[] rgb = images.Read(0, variant).Rgb();
            int left = Math.Min(rgb[0], rgb[7 * 3]), top = rgb[1];
            bool flip = rgb[0] > rgb[7 * 3];
            for (int i = 0; i < 64; i++)
            {
                (int Column, int Row) expected = (left + (flip ? 7 - i % 8 : i % 8), top + i / 8);
                Assert.Equal(expected, ((int)rgb[3 * i], (int)rgb[3 * i + 1]));
            }

            corners[left, top]++;
            if (flip) flipped++;
        }

        // 3000 draws of 15 corners: 200 each are expected, with a standard deviation of 13.7; the range is five of them.
        foreach (int count in corners) Assert.InRange(count, 132, 268);
        Assert.InRange(flipped, 632, 868);
        Assert.Equal(images.Read(0).Rgb(), images.Read(0, 0).Rgb());
        Assert.Equal(images.Read(1, 77).Rgb(), images.Read(1, 77).Rgb());
        Assert.Contains(Enumerable.Range(0, 10), v => !images.Read(0, v).Rgb().SequenceEqual(images.Read(1, v).Rgb()));
    }

    [Fact]
    public void Images_state_their_source()
    {
        var options = new PreparedImagesOptions
        {
            Width = 8, Height = 8, ShorterSide = 10, Crop = CropPosition.Random, FlipProbability = 0.5, Seed = 5,
        };
        PreparedImages images = Prepared([TestImages.Positions(40, 20)], options);
        ImageBuffer resized = TestImages.Positions(40, 20).Resize(20, 10);
        bool[] mirrored = new bool[2];
        for (int variant = 0; variant < 20; variant++)
        {
            CaptionedImage image = images.Read(0, variant);
            ImageOrigin origin = image.Origin!;
            Assert.Equal((40, 20), (origin.Width, origin.Height));
            // The crop applies to the image as shown: after mirroring, if it is mirrored.
            bool found = image.Rgb().SequenceEqual(resized.Crop(origin.CropLeft, origin.CropTop, 8, 8).Rgb.ToArray());
            bool turned = image.Rgb().SequenceEqual(resized.Mirrored().Crop(origin.CropLeft, origin.CropTop, 8, 8).Rgb.ToArray());
            Assert.True(found ^ turned);
            mirrored[turned ? 1 : 0] = true;
        }

        Assert.Equal([true, true], mirrored);
        // A crop of a crop: 2 of 20 columns become 4 of 40, and 16 more are cropped.
        var twice = new PreparedImages(
            new PreparedImages(new TestImages.InMemory(TestImages.Noise(1, 24, 20)), new PreparedImagesOptions { Width = 20, Height = 20 }),
            new PreparedImagesOptions { Width = 8, Height = 40 });
        Assert.Equal(new ImageOrigin(24, 20, 20, 0), twice.Read(0).Origin);
        Assert.Null(new TestImages.InMemory(TestImages.Noise(1, 8, 8)).Read(0).Origin);
    }

    [Theory]
    [InlineData(1, 12_000)]
    [InlineData(12_000, 1)]
    [InlineData(1, 200_000)]
    public void Strips_cost_what_their_crop_costs(int width, int height)
    {
        ImageBuffer image = TestImages.Noise(1, width, height);
        long before = GC.GetAllocatedBytesForCurrentThread();
        CaptionedImage prepared = Prepared([image], new PreparedImagesOptions { Width = 64, Height = 64 }).Read(0);
        Assert.InRange(GC.GetAllocatedBytesForCurrentThread() - before, 0, 2_000_000);
        Assert.Equal((64, 64), (prepared.Image.Width, prepared.Image.Height));
        var tall = new BucketedImagesOptions { BatchSize = 1 };
        var sizes = new AspectRatioBuckets(new AspectRatioBucketOptions { Area = 4096, Step = 16 });
        BucketedImages buckets = BucketedImages.Sort(new TestImages.InMemory(image), sizes, tall);
        Assert.Equal(buckets.SizeOf(0), new ImageSize(buckets.Read(0).Image.Width, buckets.Read(0).Image.Height));
    }

    [Fact]
    public void A_line_that_no_size_covers_is_refused()
    {
        var source = new TestImages.InMemory(TestImages.Noise(1, 1, 300_000));
        var prepared = new PreparedImages(source, new PreparedImagesOptions { Width = 16_384, Height = 16_384 });
        string message = Assert.Throws<InvalidDataException>(() => prepared.Read(0)).Message;
        Assert.Contains("1 x 300000 pixels", message);
        Assert.Contains("MaximumAspectRatio", message);
    }

    [Fact]
    public void Impossible_preparations_are_refused()
    {
        var keep = new PreparedImagesOptions { Width = 8, Height = 8, Fit = ImageFit.Keep };
        Exception e = Assert.Throws<InvalidDataException>(() => Prepared([TestImages.Noise(1, 9, 4)], keep).Read(0));
        Assert.Contains("'image 0' has 9 x 4 pixels", e.Message);
        PreparedImagesOptions[] wrong =
        [
            new() { Width = 0 }, new() { FlipProbability = 1.1 }, new() { ShorterSide = 100 },
            new() { Fit = ImageFit.Stretch, Crop = CropPosition.Random }, new() { Fit = ImageFit.Keep, ShorterSide = 600 },
        ];
        Assert.All(wrong, options => Assert.Throws<ValidationException>(() => Prepared([], options)));
        Assert.Throws<ArgumentOutOfRangeException>(() => new SubsetImages(new TestImages.InMemory(TestImages.Noise(1)), [1]));
        var without = new SubsetImages(new TestImages.InMemory(TestImages.Noise(1)), [0]);
        Assert.False(without.HasVariants);
        Assert.Equal(without.Read(0).Image.Rgb.ToArray(), without.Read(0, 1).Image.Rgb.ToArray());
    }

    [Fact]
    public void A_repeating_source_shows_each_image_once_per_epoch()
    {
        ImageBuffer[] images = [.. Enumerable.Range(0, 7).Select(i => TestImages.Noise(i, 20, 12))];
        PreparedImages prepared = Prepared(images, new PreparedImagesOptions { Width = 8, Height = 8, Crop = CropPosition.Random });
        var endless = new RepeatingSource(prepared, 3);
        Assert.Null(endless.Count);
        string[] names = [.. Enumerable.Range(0, 21).Select(i => endless.Read(i).Name)];
        foreach (string[] epoch in names.Chunk(7)) Assert.Equal(7, epoch.Distinct().Count());
        Assert.NotEqual(names[..7], names[7..14]);
        for (int i = 20; i >= 0; i--)
        {
            int image = int.Parse(names[i].Split(' ')[1]);
            Assert.Equal(prepared.Read(image, i / 7).Rgb(), new RepeatingSource(prepared, 3).Read(i).Rgb());
            Assert.Equal($"caption {image}", endless.ReadCaption(i));
        }

        Assert.Throws<ArgumentException>(() => new RepeatingSource(new TestImages.InMemory()));
    }

    [Fact]
    public void The_key_of_a_cache_covers_images_and_options_and_does_not_prepare()
    {
        ImageBuffer[] images = [TestImages.Noise(1, 40, 20), TestImages.Noise(2, 40, 20)];
        var options = new PreparedImagesOptions { Width = 8, Height = 8 };
        string key = Prepared(images, options).ComputeCacheKey();
        Assert.Equal(key, Prepared(images, options with { }).ComputeCacheKey());
        Assert.NotEqual(key, Prepared([images[1], images[0]], options).ComputeCacheKey());
        Assert.NotEqual(key, Prepared(images, options with { FlipProbability = 0.5 }).ComputeCacheKey());
        Assert.NotEqual(key, Prepared(images, options with { Seed = 1 }).ComputeCacheKey());
        // An image too small for its crop is not prepared.
        PreparedImagesOptions kept = options with { Fit = ImageFit.Keep, Width = 64 };
        Assert.Throws<InvalidDataException>(() => Prepared(images, kept).Read(0));
        Assert.NotEmpty(Prepared(images, kept).ComputeCacheKey());
    }

    private static PreparedImages Prepared(ImageBuffer[] images, PreparedImagesOptions options) =>
        new(new TestImages.InMemory(images), options);
}
