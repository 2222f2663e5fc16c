using System.Collections.Concurrent;
using Xunit;

namespace LatentDiffusion.Tests.Training;

/// <summary>Images are read one batch ahead, each once, and in the order of the run.</summary>
public sealed class ImageReadAheadTests
{
    [Fact]
    public void Batches_are_the_same_and_each_image_is_read_once()
    {
        var read = new ConcurrentBag<long>();
        using var ahead = new ImageReadAhead(i =>
        {
            read.Add(i);
            return Image(i);
        });
        for (long batch = 0; batch < 5; batch++)
        {
            long[] numbers = [.. Numbers(batch)], next = batch < 4 ? [.. Numbers(batch + 1)] : [];
            Assert.Equal(numbers.Select(n => $"{n}"), ahead.Read(numbers, next).Select(i => i.Name));
        }

        Assert.Equal(Enumerable.Range(0, 15).Select(i => (long)i), read.Order());

        static IEnumerable<long> Numbers(long batch) => [3 * batch + 2, 3 * batch, 3 * batch + 1];
    }

    [Fact]
    public void The_next_batch_is_read_meanwhile_and_no_further_one()
    {
        using var second = new CountdownEvent(1);
        long highest = 0;
        using var ahead = new ImageReadAhead(i =>
        {
            highest = Math.Max(highest, i);
            if (i == 1) second.Signal();
            return Image(i);
        });
        ahead.Read([0], [1]);
        // Nobody asked for it yet.
        Assert.True(second.Wait(TimeSpan.FromMinutes(1)), "the next batch is not read");
        Assert.Equal(1, highest);
        ahead.Read([1], []);
        Assert.Equal(1, highest);
    }

    [Fact]
    public void Other_batches_than_expected_are_read_then_and_errors_come_with_their_batch()
    {
        using var ahead = new ImageReadAhead(i => i == 1 ? throw new InvalidDataException("image 1") : Image(i));
        ahead.Read([0], [1]);
        Assert.Equal("7", Assert.Single(ahead.Read([7], [1])).Name);
        Assert.Equal("image 1", Assert.Throws<InvalidDataException>(() => ahead.Read([1], [2])).Message);
        Assert.Equal("2", Assert.Single(ahead.Read([2], [1])).Name);
    }

    private static CaptionedImage Image(long number) => new(new ImageBuffer(1, 1, new byte[3]), "", $"{number}");
}
