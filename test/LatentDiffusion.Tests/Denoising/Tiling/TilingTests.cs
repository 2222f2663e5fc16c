using System.ComponentModel.DataAnnotations;
using LatentDiffusion.Tests.Pipelines;
using TorchSharp;
using Xunit;
using static TorchSharp.torch;

namespace LatentDiffusion.Tests.Denoising;

/// <summary>Tiles and their seams, for any autoencoder.</summary>
[Collection(LiveTensors.Collection)]
public sealed class TilingTests
{
    [Theory]
    [InlineData(16, 16, 32, 0.25)]
    [InlineData(9, 8, 32, 0.25)]
    [InlineData(17, 40, 32, 0.25)]
    [InlineData(31, 23, 32, 0.5)]
    [InlineData(33, 50, 32, 0)]
    [InlineData(100, 5, 24, 0.4)]
    [InlineData(7, 11, 16, 0.1)]
    public void Tiles_cover_the_image_and_count_for_one_at_every_place(long height, long width, int tile, double overlap)
    {
        using DisposeScope scope = NewDisposeScope();
        var plain = new SpreadAutoencoder();
        var tiled = TiledAutoencoder.Wrap(plain, new TilingOptions { TileSize = tile, Overlap = overlap });
        Tensor latents = randn(2, 3, height, width), whole = plain.Decode(latents);
        plain.Seen.Clear();
        Tensor found = tiled.Decode(latents);
        Assert.Equal(whole.shape, found.shape);
        Assert.InRange((found - whole).abs().max().item<float>(), 0, 1e-6);

        // All tiles have one size, and their number is the least that the overlap needs.
        int side = tile / plain.DownsamplingFactor, shared = (int)Math.Round(side * overlap);
        Assert.All(plain.Seen, shape => Assert.Equal([2L, 3L, Math.Min(side, height), Math.Min(side, width)], shape));
        Assert.Equal(Count(height) * Count(width), plain.Seen.Count);

        using LatentDistribution one = plain.Encode(found), pieces = tiled.Encode(found);
        Assert.InRange((pieces.Mean - one.Mean).abs().max().item<float>(), 0, 1e-6);
        Assert.InRange((pieces.StandardDeviation! - one.StandardDeviation!).abs().max().item<float>(), 0, 1e-6);

        int Count(long length) => length <= side ? 1 : 1 + (int)Math.Ceiling((length - side) / (double)(side - shared));
    }

    [Fact]
    public void Weights_go_over_linearly_and_sum_to_one()
    {
        // Two tiles of 16 that share 8 latents of 4 pixels: the seam is their middle half, 16 pixels.
        var axis = new TileAxis(24, 16, 8);
        Assert.Equal([new TileSpan(0, 16, 0, 12, 0), new TileSpan(8, 16, 12, 12, 1)], axis.Spans);
        float[] first = axis.Weights(axis.Spans[0], 4), second = axis.Weights(axis.Spans[1], 4);
        Assert.All(first[..40], w => Assert.Equal(1, w));
        Assert.All(first[56..], w => Assert.Equal(0, w));
        for (int i = 0; i < 16; i++) Assert.Equal(1 - (i + 0.5) / 16, first[40 + i], 6);
        for (int i = 32; i < 64; i++) Assert.Equal(1, first[i] + second[i - 32], 6);

        foreach ((long length, long tile, long overlap) in new[]
        {
            (17L, 16L, 4L), (65L, 16L, 8L), (49L, 20L, 7L), (5L, 1L, 0L), (40L, 3L, 1L), (7L, 4L, 0L), (33L, 8L, 0L),
        })
        {
            axis = new TileAxis(length, tile, overlap);
            var sums = new double[2 * length];
            foreach (TileSpan span in axis.Spans)
                foreach ((int i, float weight) in axis.Weights(span, 2).Index()) sums[2 * span.Start + i] += weight;
            Assert.All(sums, sum => Assert.Equal(1, sum, 6));
            // The parts that belong to one tile only divide the axis.
            Assert.Equal(length, axis.Spans.Sum(s => s.OwnLength));
            Assert.All(
                axis.Spans,
                s => Assert.True(s.OwnStart >= s.Start && s.OwnStart + s.OwnLength <= s.Start + s.Length && s.OwnLength > 0));
        }
    }

    [Fact]
    public void Moments_of_pieces_are_those_of_the_whole()
    {
        using DisposeScope scope = NewDisposeScope();
        using IDisposable noGrad = no_grad();
        GroupNormLayer norm = LayerFactory.Random.GroupNorm(3, 12, 1e-6);
        norm.Weight.copy_(randn(12));
        norm.Bias.copy_(randn(12));
        // Far from zero and from each other, so that careless sums would lose all their digits.
        Tensor input = randn(2, 12, 20, 30) + 1000 * arange(2).view(2, 1, 1, 1) + 100 * arange(30) + 3000;
        var moments = new GroupMoments();
        foreach (Tensor rows in input.split([7, 1, 12], 2))
            foreach (Tensor piece in rows.split([25, 5], 3)) moments.Add(piece, 3);
        Tensor expected = norm.call(input.to(ScalarType.Float32)), found = moments.Normalize(norm, input);
        Assert.InRange((expected - found).abs().max().item<float>(), 0, 2e-5);
    }

    [NoTensorLeaks, Fact]
    public void Cancellation_takes_effect_between_tiles_and_leaves_no_tensor()
    {
        using DisposeScope scope = NewDisposeScope();
        using var cancellation = new CancellationTokenSource();
        var plain = new SpreadAutoencoder();
        plain.BeforeWork = () =>
        {
            if (plain.Seen.Count == 2) cancellation.Cancel();
        };
        var tiled = TiledAutoencoder.Wrap(plain, new TilingOptions { TileSize = 16 });
        Assert.Throws<OperationCanceledException>(() => tiled.Decode(zeros(1, 3, 30, 30), cancellation.Token));
        Assert.Equal(3, plain.Seen.Count);
        Assert.Throws<OperationCanceledException>(() => tiled.Encode(zeros(1, 3, 80, 80), cancellation.Token));
        Assert.Equal(3, plain.Seen.Count);

        // Without division the first tile does not exist either.
        Assert.Throws<OperationCanceledException>(() => tiled.Decode(zeros(1, 3, 2, 2), cancellation.Token));
        Assert.Throws<OperationCanceledException>(() => new SlicedAutoencoder(plain).Decode(zeros(2, 3, 2, 2), cancellation.Token));
        Assert.Equal(3, plain.Seen.Count);
    }

    [Fact]
    public void A_slice_is_the_image_alone()
    {
        using DisposeScope scope = NewDisposeScope();
        var plain = new SpreadAutoencoder();
        var sliced = new SlicedAutoencoder(plain);
        Tensor latents = randn(3, 3, 4, 6), pixels = sliced.Decode(latents);
        Assert.Equal([[1, 3, 4, 6], [1, 3, 4, 6], [1, 3, 4, 6]], plain.Seen);
        Assert.True(pixels.Equals(plain.Decode(latents)));
        using LatentDistribution each = sliced.Encode(pixels), all = plain.Encode(pixels);
        Assert.True(each.Mean.Equals(all.Mean) && each.StandardDeviation!.Equals(all.StandardDeviation!));
        Assert.Equal(3 + 1 + 3 + 1, plain.Seen.Count);
        Assert.Equal((3, 4), (sliced.LatentChannels, sliced.DownsamplingFactor));
    }

    [Fact]
    public void Bad_input_is_refused_by_name()
    {
        var plain = new SpreadAutoencoder();
        Assert.Contains("TileSize", Assert.Throws<ValidationException>(
            () => TiledAutoencoder.Wrap(plain, new TilingOptions { TileSize = 8 })).Message, StringComparison.Ordinal);
        Assert.Contains("Overlap", Assert.Throws<ValidationException>(
            () => TiledAutoencoder.Wrap(plain, new TilingOptions { Overlap = 0.6 })).Message, StringComparison.Ordinal);
        Assert.Contains("StatisticsPasses", Assert.Throws<ValidationException>(
            () => TiledAutoencoder.Wrap(plain, new TilingOptions { StatisticsPasses = -1 })).Message, StringComparison.Ordinal);
        Assert.StartsWith("TileSize is 18; expected a multiple of 4", Assert.Throws<ArgumentException>(
            () => TiledAutoencoder.Wrap(plain, new TilingOptions { TileSize = 18 })).Message, StringComparison.Ordinal);
        using Tensor odd = zeros(1, 3, 80, 82), flat = zeros(3, 80, 80);
        Assert.Contains("[1, 3, 80, 82]", Assert.Throws<ArgumentException>(() => TiledAutoencoder.Wrap(plain).Encode(odd)).Message,
            StringComparison.Ordinal);
        Assert.Contains("[3, 80, 80]", Assert.Throws<ArgumentException>(() => TiledAutoencoder.Wrap(plain).Decode(flat)).Message,
            StringComparison.Ordinal);
        var wrong = TiledAutoencoder.Wrap(new WrongFactor(), new TilingOptions { TileSize = 16 });
        Assert.Contains(
            "DownsamplingFactor",
            Assert.Throws<InvalidOperationException>(() => wrong.Decode(zeros(1, 3, 20, 20))).Message,
            StringComparison.Ordinal);
    }

    private sealed class WrongFactor : IAutoencoder
    {
        public int LatentChannels => 3;

        public int DownsamplingFactor => 2;

        public LatentDistribution Encode(Tensor images, CancellationToken cancellationToken = default) => throw new NotSupportedException();

        public Tensor Decode(Tensor latents, CancellationToken cancellationToken = default) => latents.clone();
    }
}
