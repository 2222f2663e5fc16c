using LatentDiffusion.Evaluation;
using LatentDiffusion.Tests.Reference;
using TorchSharp;
using Xunit;
using static TorchSharp.torch;

namespace LatentDiffusion.Tests.Evaluation;

public sealed class AutoencoderQualityTests
{
    private static readonly ImageBuffer[] s_images = [.. Enumerable.Range(1, 6).Select(kind => ImageMetricTests.Smooth(16, 16, kind))];

    [Fact]
    public void Figures_are_those_of_the_reconstructions()
    {
        using DisposeScope scope = NewDisposeScope();
        using IDisposable noGrad = no_grad();
        using AutoencoderKL network = Network();
        AutoencoderQuality quality = AutoencoderQuality.Measure(network, s_images);
        AutoencoderQuality scaled = AutoencoderQuality.Measure(new LatentAutoencoder(network), s_images);

        double nats = 0, scaledNats = 0, psnr = 0, ssim = 0;
        for (int i = 0; i < s_images.Length; i++)
        {
            (Tensor mean, Tensor logVariance) = network.Encode(ImageTensor.FromImage(s_images[i]));
            foreach ((float m, float v) in mean.data<float>().Zip(logVariance.data<float>()))
            {
                nats += Divergence(m, Math.Exp(v / 2));
                scaledNats += Divergence((m - 0.1) * 0.5, 0.5 * Math.Exp(v / 2));
            }

            // Computed one by one here and in a batch by Measure: rounding may change a byte by one.
            ImageBuffer back = quality.Reconstructions[i];
            Assert.All(
                ImageTensor.ToImages(network.Decode(mean))[0].Rgb.ToArray().Zip(back.Rgb.ToArray()),
                pair => Assert.InRange(pair.First - pair.Second, -1, 1));
            psnr += PeakSignalToNoise.Compute(back, s_images[i]) / s_images.Length;
            ssim += StructuralSimilarity.Compute(back, s_images[i]) / s_images.Length;
        }

        double pixels = s_images.Length * 16 * 16;
        Assert.Equal(psnr, quality.PeakSignalToNoise.Mean, 1e-9);
        Assert.Equal(ssim, quality.StructuralSimilarity.Mean, 1e-9);
        Assert.Equal(nats / Math.Log(2) / pixels, quality.BitsPerPixel!.Value, 1e-5 * quality.BitsPerPixel.Value);
        Assert.Equal(scaledNats / Math.Log(2) / pixels, scaled.BitsPerPixel!.Value, 1e-5 * scaled.BitsPerPixel.Value);
        Assert.Null(quality.Codes);
    }

    [Fact]
    public void The_rate_of_codes_is_the_entropy_of_their_frequencies()
    {
        using DisposeScope scope = NewDisposeScope();
        using IDisposable noGrad = no_grad();
        using VQModel network = new VQConfig
        {
            BlockOutChannels = [8, 16], NormNumGroups = 4, NumVqEmbeddings = 12, LatentChannels = 3,
            DownBlockTypes = ["DownEncoderBlock2D", "DownEncoderBlock2D"], UpBlockTypes = ["UpDecoderBlock2D", "UpDecoderBlock2D"],
        }.Build();
        FormulaWeights.Fill(network);
        AutoencoderQuality quality = AutoencoderQuality.Measure(network, s_images);

        // The code of each latent, found by a loop over the codebook.
        float[] book = network.state_dict()["quantize.embedding.weight"].data<float>().ToArray();
        var counts = new Dictionary<int, int>();
        foreach (ImageBuffer image in s_images)
        {
            float[] latents = network.Encode(ImageTensor.FromImage(image)).data<float>().ToArray();
            for (int at = 0; at < 64; at++)
            {
                double SquaredDistance(int c) => Enumerable.Range(0, 3).Sum(d => Math.Pow(latents[d * 64 + at] - book[c * 3 + d], 2));
                int code = Enumerable.Range(0, 12).MinBy(SquaredDistance);
                counts[code] = counts.GetValueOrDefault(code) + 1;
            }
        }

        double all = counts.Values.Sum(), entropy = -counts.Values.Sum(c => c / all * Math.Log2(c / all));
        Assert.Equal(counts.Count, quality.Codes!.Used);
        Assert.Equal(12, quality.Codes.Codes);
        Assert.True(counts.Count > 1);
        Assert.Equal(entropy, quality.Codes.EntropyBits, 1e-12);
        Assert.Equal(Math.Pow(2, entropy), quality.Codes.Perplexity, 1e-9);
        Assert.Equal(entropy * 64 / 256, quality.BitsPerPixel!.Value, 1e-12);
        Assert.Equal(new CodeUsage(4, 2, 1, 2), CodeUsage.FromCounts([5, 0, 5, 0]));
    }

    [Fact]
    public void Points_have_no_rate_and_a_perfect_image_a_finite_figure()
    {
        AutoencoderQuality quality = AutoencoderQuality.Measure(new Identity(), s_images);
        Assert.Null(quality.BitsPerPixel);
        Assert.Equal(10 * Math.Log10(255.0 * 255 * 768), quality.PeakSignalToNoise.Mean, 1e-9);
        Assert.Equal(1, quality.StructuralSimilarity.Mean, 1e-12);
        Assert.Throws<ArgumentException>(() => AutoencoderQuality.Measure(new Identity(), s_images[..1]));
    }

    private static AutoencoderKL Network()
    {
        AutoencoderKL network = new AutoencoderKLConfig
        {
            BlockOutChannels = [8, 16], NormNumGroups = 4, ScalingFactor = 0.5, ShiftFactor = 0.1,
            DownBlockTypes = ["DownEncoderBlock2D", "DownEncoderBlock2D"], UpBlockTypes = ["UpDecoderBlock2D", "UpDecoderBlock2D"],
        }.Build();
        FormulaWeights.Fill(network);
        return network;
    }

    private static double Divergence(double mean, double deviation) => (mean * mean + deviation * deviation - 1) / 2 - Math.Log(deviation);

    private sealed class Identity : IAutoencoder
    {
        public int LatentChannels => 3;

        public int DownsamplingFactor => 1;

        public LatentDistribution Encode(Tensor images, CancellationToken cancellationToken = default) => new(images.clone());

        public Tensor Decode(Tensor latents, CancellationToken cancellationToken = default) => latents.clone();
    }
}
