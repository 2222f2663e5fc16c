using System.Text.Json.Serialization;
using TorchSharp;
using static TorchSharp.torch;

namespace LatentDiffusion.Evaluation;

/// <summary>How well an autoencoder reconstructs 8-bit images, and at which rate.</summary>
/// <param name="PeakSignalToNoise">
/// In decibels, over images. An exact reconstruction counts as if a single value were off by one level.
/// </param>
/// <param name="StructuralSimilarity">Of the luminance, over images.</param>
/// <param name="ChannelSimilarity">Mean of red, green and blue, over images.</param>
/// <param name="BitsPerPixel">
/// Rate. For Gaussian latents: their divergence from the standard normal. For codes: the entropy of their frequencies times
/// the codes per pixel. Null for deterministic latents, which do not have a defined rate.
/// </param>
/// <param name="Codes">Use of the codebook; null for an autoencoder without one.</param>
public sealed record AutoencoderQuality(
    Estimate PeakSignalToNoise, Estimate StructuralSimilarity, Estimate ChannelSimilarity, double? BitsPerPixel, CodeUsage? Codes)
{
    private const int BatchSize = 4;

    /// <summary>The reconstructions, in the order of the originals.</summary>
    [JsonIgnore]
    public IReadOnlyList<ImageBuffer> Reconstructions { get; private init; } = [];

    /// <summary>Measures an autoencoder through the latents that the denoiser receives: their means, scaled and shifted.</summary>
    /// <param name="autoencoder">The autoencoder.</param>
    /// <param name="images">At least two images of one size, at least 11 x 11 and a multiple of the downsampling factor.</param>
    /// <param name="device">Device of the autoencoder; null for the CPU.</param>
    /// <param name="confidence">Confidence of the intervals, in (0, 1). Default 0.95.</param>
    /// <param name="progress">Receives the number of images done.</param>
    /// <param name="cancellationToken">Checked before each batch.</param>
    public static AutoencoderQuality Measure(
        IAutoencoder autoencoder, IReadOnlyList<ImageBuffer> images, Device? device = null, double confidence = 0.95,
        IProgress<int>? progress = null, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(autoencoder);
        double nats = 0;
        bool gaussian = true;
        return Measure(
            images, device, confidence, progress, cancellationToken,
            pixels =>
            {
                using LatentDistribution latents = autoencoder.Encode(pixels);
                if (latents.StandardDeviation is { } deviation)
                    nats += Divergence(latents.Mean, deviation.to(ScalarType.Float64).log().Multiply(2));
                else gaussian = false;
                return autoencoder.Decode(latents.Mean);
            },
            pixels => (gaussian ? nats / Math.Log(2) / pixels : null, null));
    }

    /// <summary>
    /// Measures an autoencoder with KL regularisation by its unscaled latents, with the divergence that its training weighs.
    /// </summary>
    /// <inheritdoc cref="Measure(IAutoencoder, IReadOnlyList{ImageBuffer}, Device?, double, IProgress{int}?, CancellationToken)"/>
    public static AutoencoderQuality Measure(
        AutoencoderKL autoencoder, IReadOnlyList<ImageBuffer> images, Device? device = null, double confidence = 0.95,
        IProgress<int>? progress = null, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(autoencoder);
        double nats = 0;
        return Measure(
            images, device, confidence, progress, cancellationToken,
            pixels =>
            {
                (Tensor mean, Tensor logVariance) = autoencoder.Encode(pixels);
                nats += Divergence(mean, logVariance.to(ScalarType.Float64));
                return autoencoder.Decode(mean);
            },
            pixels => (nats / Math.Log(2) / pixels, null));
    }

    /// <summary>Measures an autoencoder with a codebook.</summary>
    /// <inheritdoc cref="Measure(IAutoencoder, IReadOnlyList{ImageBuffer}, Device?, double, IProgress{int}?, CancellationToken)"/>
    public static AutoencoderQuality Measure(
        VQModel autoencoder, IReadOnlyList<ImageBuffer> images, Device? device = null, double confidence = 0.95,
        IProgress<int>? progress = null, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(autoencoder);
        using Tensor codebook = autoencoder.state_dict()["quantize.embedding.weight"].detach();
        var counts = new long[autoencoder.Config.NumVqEmbeddings];
        return Measure(
            images, device, confidence, progress, cancellationToken,
            pixels =>
            {
                Tensor latents = autoencoder.Encode(pixels), vectors = latents.permute(0, 2, 3, 1).contiguous().view(-1, latents.shape[1]);
                foreach (long code in cdist(vectors, codebook).argmin(1).cpu().data<long>()) counts[code]++;
                return autoencoder.Decode(latents);
            },
            pixels =>
            {
                CodeUsage usage = CodeUsage.FromCounts(counts);
                return (usage.EntropyBits * counts.Sum() / pixels, usage);
            });
    }

    private static AutoencoderQuality Measure(
        IReadOnlyList<ImageBuffer> images, Device? device, double confidence, IProgress<int>? progress, CancellationToken cancellationToken,
        Func<Tensor, Tensor> reconstruct, Func<double, (double? BitsPerPixel, CodeUsage? Codes)> rate)
    {
        ArgumentNullException.ThrowIfNull(images);
        if (images.Count < 2) throw new ArgumentException($"At least two images are needed; there are {images.Count}.", nameof(images));
        using IDisposable noGrad = no_grad();
        var results = new List<ImageBuffer>();
        foreach (ImageBuffer[] batch in images.Chunk(BatchSize))
        {
            cancellationToken.ThrowIfCancellationRequested();
            using DisposeScope scope = NewDisposeScope();
            results.AddRange(ImageTensor.ToImages(reconstruct(ImageTensor.FromImages(batch).to(device ?? CPU))));
            progress?.Report(results.Count);
        }

        (ImageBuffer Original, ImageBuffer Result)[] pairs = [.. images.Zip(results)];
        (double? bits, CodeUsage? codes) = rate(images.Sum(i => (double)i.Width * i.Height));
        return new AutoencoderQuality(
            Estimate.FromValues([.. pairs.Select(p => Evaluation.PeakSignalToNoise.FromSquaredError(
                Math.Max(Evaluation.PeakSignalToNoise.SquaredError(p.Result, p.Original), 1.0 / p.Original.Rgb.Length)))], confidence),
            Estimate.FromValues([.. pairs.Select(p => Evaluation.StructuralSimilarity.Compute(p.Result, p.Original))], confidence),
            Estimate.FromValues(
                [.. pairs.Select(p => Mean(Evaluation.StructuralSimilarity.ComputeChannels(p.Result, p.Original)))], confidence),
            bits, codes)
        {
            Reconstructions = results,
        };
    }

    private static double Mean((double Red, double Green, double Blue) channels) => (channels.Red + channels.Green + channels.Blue) / 3;

    /// <summary>Divergence of diagonal Gaussians from the standard normal, nats over the whole batch.</summary>
    private static double Divergence(Tensor mean, Tensor logVariance)
    {
        using DisposeScope scope = NewDisposeScope();
        return (mean.to(ScalarType.Float64).Square().Add(logVariance.exp()).Add(-1) - logVariance).Multiply(0.5).sum().item<double>();
    }
}
