using LatentDiffusion.Evaluation;
using TorchSharp;
using Xunit;
using static TorchSharp.torch;

namespace LatentDiffusion.Tests.Evaluation;

public sealed class DistanceTests
{
    [Fact]
    public void A_mirrored_copy_is_found_if_mirrored_images_are_searched()
    {
        var images = new LatentDiffusion.Models.Drawings.DrawingImages(new LatentDiffusion.Models.Drawings.DrawingSource(5, size: 32));
        var training = new SizedImages(images, 32, 32);
        var pixels = new PixelFeatures();
        // One query beyond the first chunk of 256, and one that is not mirrored.
        using Tensor queries = pixels.ExtractAll([NeighbourSearch.Mirror(images.Read(300).Image), images.Read(7).Image]);
        var counts = new List<int>();
        NeighbourSearch.Found[] plain = new NeighbourSearch(pixels, training, mirrored: false)
            .Find(310, [queries], new StageProgress<int>(counts.Add), default)[0];
        Assert.True(plain[0].Distance > 0.01);
        Assert.Equal(new NeighbourSearch.Found(7, false, 0), plain[1]);
        Assert.Equal([256, 310], counts);
        NeighbourSearch.Found[] both = new NeighbourSearch(pixels, training, mirrored: true).Find(310, [queries], null, default)[0];
        Assert.Equal([new NeighbourSearch.Found(300, true, 0), new NeighbourSearch.Found(7, false, 0)], both);
    }

    [Fact]
    public void Frechet_of_diagonal_Gaussians_is_the_closed_form()
    {
        using DisposeScope scope = NewDisposeScope();
        double[] a = [4, 0.25, 9, 0], b = [1, 2.25, 0.01, 3], means = [1, -2, 0, 0.5];
        double expected = means.Sum(m => m * m) + a.Zip(b, (x, y) => Math.Pow(Math.Sqrt(x) - Math.Sqrt(y), 2)).Sum();
        using FeatureStatistics first = new(tensor(means), diag(tensor(a)), 100);
        using FeatureStatistics second = new(zeros(4, dtype: ScalarType.Float64), diag(tensor(b)), 100);
        Assert.Equal(expected, FrechetDistance.Between(first, second), 1e-12 * expected);
        Assert.Equal(expected, FrechetDistance.Between(second, first), 1e-12 * expected);
        double ridged = means.Sum(m => m * m) + a.Zip(b, (x, y) => Math.Pow(Math.Sqrt(x + 0.1) - Math.Sqrt(y + 0.1), 2)).Sum();
        Assert.Equal(ridged, FrechetDistance.Between(first, second, ridge: 0.1), 1e-12 * ridged);

        // The same rotation of both does not change the distance.
        (Tensor turn, _) = linalg.qr(randn(4, 4, dtype: ScalarType.Float64, generator: new Generator(1)));
        using FeatureStatistics turnedFirst = Turned(first, turn), turnedSecond = Turned(second, turn);
        Assert.Equal(expected, FrechetDistance.Between(turnedFirst, turnedSecond), 1e-9 * expected);
    }

    /// <summary>In two dimensions Tr((Σ₁Σ₂)^½) = √(Tr(Σ₁Σ₂) + 2·√det(Σ₁Σ₂)), for any axes.</summary>
    [Theory]
    [InlineData(0.3, 1.9)]
    [InlineData(1.2, 0)]
    [InlineData(0, 0.7)]
    public void Frechet_of_Gaussians_with_different_axes_is_the_closed_form(double angle, double small)
    {
        using DisposeScope scope = NewDisposeScope();
        double c = Math.Cos(angle), s = Math.Sin(angle);
        Tensor turn = tensor(new[] { c, -s, s, c }, [2, 2]);
        Tensor first = diag(tensor(new[] { 5.0, small })), second = turn.mm(diag(tensor(new[] { 2.0, 0.5 }))).mm(turn.t());
        Tensor product = first.mm(second);
        double root = Math.Sqrt(product.trace().item<double>() + 2 * Math.Sqrt(Math.Max(0, linalg.det(product).item<double>())));
        double expected = 5 + small + 2.5 - 2 * root;
        using FeatureStatistics a = new(zeros(2, dtype: ScalarType.Float64), first, 9);
        using FeatureStatistics b = new(zeros(2, dtype: ScalarType.Float64), second, 9);
        Assert.Equal(expected, FrechetDistance.Between(a, b), 1e-9);
    }

    /// <summary>The published formula by another method: the root of Σ₁Σ₂ by the iteration of Denman and Beavers.</summary>
    [Fact]
    public void Frechet_of_features_agrees_with_an_iterated_matrix_root()
    {
        using DisposeScope scope = NewDisposeScope();
        Tensor a = Features(200, 6, 1), b = Features(150, 6, 2) * 1.7 + 0.3;
        static double[,] Covariance(Tensor x, out double[] mean)
        {
            double[][] rows = [.. Enumerable.Range(0, (int)x.shape[0]).Select(i => x[i].data<double>().ToArray())];
            double[] m = mean = [.. Enumerable.Range(0, 6).Select(j => rows.Average(r => r[j]))];
            var result = new double[6, 6];
            for (int i = 0; i < 6; i++)
                for (int j = 0; j < 6; j++)
                    result[i, j] = rows.Sum(r => (r[i] - m[i]) * (r[j] - m[j])) / (rows.Length - 1);
            return result;
        }

        double[,] first = Covariance(a, out double[] firstMean), second = Covariance(b, out double[] secondMean);
        Tensor y = tensor(first.Cast<double>().ToArray(), [6, 6]).mm(tensor(second.Cast<double>().ToArray(), [6, 6]));
        Tensor z = eye(6, dtype: ScalarType.Float64);
        for (int i = 0; i < 40; i++) (y, z) = ((y + linalg.inv(z)) / 2, (z + linalg.inv(y)) / 2);
        double expected = firstMean.Zip(secondMean, (p, q) => (p - q) * (p - q)).Sum() - 2 * y.trace().item<double>()
            + Enumerable.Range(0, 6).Sum(i => first[i, i] + second[i, i]);
        Assert.Equal(expected, FrechetDistance.Between(a, b), 1e-9 * expected);
        Assert.Equal(0, FrechetDistance.Between(a, a), 1e-10);
    }

    /// <summary>Fewer images than features, with very different scales, for which other methods compute a complex root.</summary>
    [Fact]
    public void Frechet_needs_no_more_images_than_features()
    {
        using DisposeScope scope = NewDisposeScope();
        Tensor a = Features(5, 40, 3) * 1e4, b = Features(7, 40, 4);
        double distance = FrechetDistance.Between(a, b);
        Assert.True(double.IsFinite(distance) && distance > 0);
        double scale = FrechetDistance.Between(a, a + 1);
        Assert.Equal(40, scale, 1e-3);
    }

    /// <summary>Two sets of one distribution: the distance of few images is mostly bias, which extrapolation removes.</summary>
    [Fact]
    public void Extrapolation_takes_most_of_the_bias_away()
    {
        using DisposeScope scope = NewDisposeScope();
        Tensor a = Features(600, 12, 5, mixed: false), reference = Features(20_000, 12, 6, mixed: false);
        double plain = FrechetDistance.Between(a, reference), extrapolated = FrechetDistance.Extrapolated(a, reference);
        Assert.Equal(extrapolated, FrechetDistance.Extrapolated(a, reference));
        Assert.True(Math.Abs(extrapolated) < 0.5 * plain, $"{plain} and extrapolated {extrapolated}");
    }

    [Fact]
    public void The_kernel_distance_is_the_unbiased_sum_over_pairs()
    {
        using DisposeScope scope = NewDisposeScope();
        Tensor a = Features(9, 4, 7), b = Features(7, 4, 8) + 0.5;
        double[][] x = [.. Enumerable.Range(0, 9).Select(i => a[i].data<double>().ToArray())];
        double[][] y = [.. Enumerable.Range(0, 7).Select(i => b[i].data<double>().ToArray())];
        static double Kernel(double[] p, double[] q) => Math.Pow(p.Zip(q, (u, v) => u * v).Sum() / 4 + 1, 3);
        static double Pairs(double[][] set)
        {
            int count = set.Length;
            double sum = Enumerable.Range(0, count)
                .Sum(i => Enumerable.Range(0, count).Where(j => j != i).Sum(j => Kernel(set[i], set[j])));
            return sum / (count * (count - 1.0));
        }

        double expected = Pairs(x) + Pairs(y) - 2 * x.Average(p => y.Average(q => Kernel(p, q)));
        KernelDistance distance = KernelDistance.Between(a, b);
        Assert.Equal(expected, distance.Mean, 1e-10);
        Assert.Equal((1, 7), (distance.Subsets, distance.SubsetSize));
    }

    [Fact]
    public void Kernel_distance_is_about_zero_only_for_equal_distributions()
    {
        using DisposeScope scope = NewDisposeScope();
        double[] same =
        [
            .. Enumerable.Range(0, 60).Select(
                i => KernelDistance.Between(Features(30, 4, (ulong)(100 + i)), Features(30, 4, (ulong)(300 + i))).Mean),
        ];
        Estimate mean = Estimate.FromValues(same, 0.9999);
        Assert.InRange(0, mean.Low, mean.High);
        Assert.Contains(same, v => v < 0);
        // One subset does not give an error estimate.
        Assert.Null(KernelDistance.Between(Features(30, 4, 1), Features(30, 4, 2)).StandardError);
        Assert.Null(KernelDistance.Between(Features(40, 4, 1), Features(40, 4, 2), subsets: 1, subsetSize: 30).StandardError);
        KernelDistance apart = KernelDistance.Between(Features(400, 4, 1), Features(400, 4, 2) + 1, subsets: 40, subsetSize: 100);
        Assert.Equal((40, 100), (apart.Subsets, apart.SubsetSize));
        Assert.True(apart.Mean > 20 * apart.StandardError && apart.StandardError > 0);
        Assert.Equal(apart, KernelDistance.Between(Features(400, 4, 1), Features(400, 4, 2) + 1, subsets: 40, subsetSize: 100));
    }

    [Fact]
    public void Precision_and_recall_of_points_on_a_line()
    {
        using DisposeScope scope = NewDisposeScope();
        static Tensor Line(params double[] values) => tensor(values, [values.Length, 1]);
        // The balls of the real images at 0..3 have radius 1: the generated 1.5 and 2.5 are within, 9 and 9.4 are not. The
        // balls of the generated 1.5 and 2.5 have radius 1 and contain the real 1, 2 and 3.
        PrecisionRecall result = PrecisionRecall.Compute(Line(1.5, 2.5, 9, 9.4), Line(0, 1, 2, 3), neighbours: 1);
        Assert.Equal((0.5, 0.75), (result.Precision, result.Recall));
        Assert.Throws<ArgumentException>(() => PrecisionRecall.Compute(Line(1, 2, 3), Line(1, 2, 3, 4), neighbours: 3));
    }

    [Fact]
    public void Nearest_neighbours_are_those_of_a_plain_search()
    {
        using DisposeScope scope = NewDisposeScope();
        Tensor queries = Features(5, 3, 9), set = Features(2500, 3, 10);
        set[2200] = queries[3] + 1e-9;
        IReadOnlyList<Neighbour> found = NearestNeighbours.Find(queries, set);
        for (int i = 0; i < 5; i++)
        {
            double[] q = queries[i].data<double>().ToArray();
            double Distance(int j) => Math.Sqrt(set[j].data<double>().Zip(q, (u, v) => (u - v) * (u - v)).Average());
            (int index, double distance) = Enumerable.Range(0, 2500).Select(j => (j, Distance(j))).MinBy(p => p.Item2);
            Assert.Equal(index, found[i].Index);
            Assert.Equal(distance, found[i].Distance, 1e-12);
        }

        Assert.Equal(2200, found[3].Index);
        Assert.Equal(1e-9, found[3].Distance, 1e-14);
    }

    [Fact]
    public void Features_of_an_image_depend_on_neither_batch_nor_run()
    {
        using DisposeScope scope = NewDisposeScope();
        ImageBuffer[] images = [.. Enumerable.Range(1, 7).Select(kind => ImageMetricTests.Smooth(40, 40, kind))];
        using RandomConvolutionFeatures convolutions = new(), again = new(), other = new(seed: 1);
        foreach (IFeatureExtractor extractor in new IFeatureExtractor[] { convolutions, new PixelFeatures(8) })
        {
            Tensor all = extractor.ExtractAll(images);
            Assert.Equal(7, all.shape[0]);
            for (int i = 0; i < images.Length; i++)
            {
                Assert.Equal(
                    extractor.ExtractAll([images[i]]).data<double>().ToArray(),
                    all[i].data<double>().ToArray(),
                    (x, y) => Math.Abs(x - y) < 1e-5);
            }
        }

        Assert.Equal(convolutions.ExtractAll(images).data<double>().ToArray(), again.ExtractAll(images).data<double>().ToArray());
        Assert.NotEqual(convolutions.ExtractAll(images).data<double>().ToArray(), other.ExtractAll(images).data<double>().ToArray());
        Assert.Equal(192, new PixelFeatures(8).ExtractAll(images).shape[1]);
    }

    [Fact]
    public void Features_that_cannot_be_compared_are_refused()
    {
        using DisposeScope scope = NewDisposeScope();
        Tensor a = Features(8, 4, 1);
        Refused("widths 4 and 3", () => FrechetDistance.Between(a, Features(8, 3, 1)));
        Refused("widths 4 and 3", () => KernelDistance.Between(a, Features(8, 3, 1)));
        Refused("not finite", () => FrechetDistance.Between(a, a / 0));
        using FeatureStatistics bad = new(zeros(2, dtype: ScalarType.Float64), diag(tensor(new[] { 1.0, -0.5 })), 5);
        Refused("-0.5", () => FrechetDistance.Between(bad, bad));

        static void Refused(string reason, Func<object> measure) =>
            Assert.Contains(reason, Assert.Throws<ArgumentException>(measure).Message, StringComparison.Ordinal);
    }

    /// <summary>Normal features; correlated and of different scales if <paramref name="mixed"/> is set.</summary>
    private static Tensor Features(int count, int width, ulong seed, bool mixed = true)
    {
        Tensor plain = randn(count, width, dtype: ScalarType.Float64, generator: new Generator(seed));
        if (!mixed) return plain;
        Tensor scales = arange(1, width + 1, ScalarType.Float64) / width;
        return plain * scales + 0.3 * plain.roll(1, 1);
    }

    private static FeatureStatistics Turned(FeatureStatistics statistics, Tensor turn) =>
        new(turn.mv(statistics.Mean), turn.mm(statistics.Covariance).mm(turn.t()), statistics.Count);
}
