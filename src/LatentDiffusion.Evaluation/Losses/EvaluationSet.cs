using TorchSharp;
using static TorchSharp.torch;

namespace LatentDiffusion.Evaluation;

/// <summary>Latents and conditioning of the images that losses are measured on, computed once. Owns its tensors.</summary>
public sealed class EvaluationSet : IDisposable
{
    // Small batches keep activations in the processor's cache.
    private const int BatchSize = 4;

    /// <summary>Wraps latents and conditioning.</summary>
    /// <param name="latents">
    /// Latents as the denoiser receives them, scaled and shifted, float32 [images, channels, height, width], of at least two
    /// images. Pixels in [−1, 1] for a model without an autoencoder.
    /// </param>
    /// <param name="conditioning">The captions' conditioning, for the same number of images.</param>
    /// <exception cref="ArgumentException">The shapes do not match.</exception>
    public EvaluationSet(Tensor latents, Conditioning conditioning)
    {
        ArgumentNullException.ThrowIfNull(latents);
        ArgumentNullException.ThrowIfNull(conditioning);
        if (latents.dim() != 4 || latents.shape[0] < 2)
            throw new ArgumentException(
                "Latents are [images, channels, height, width] of at least two images; "
                + $"these are [{string.Join(", ", latents.shape)}].", nameof(latents));
        if (conditioning.BatchSize != latents.shape[0])
            throw new ArgumentException(
                $"There are latents of {latents.shape[0]} images and conditioning for {conditioning.BatchSize}.", nameof(conditioning));
        (Latents, Conditioning) = (latents, conditioning);
    }

    /// <summary>Latents as the denoiser receives them, [images, channels, height, width].</summary>
    public Tensor Latents { get; }

    /// <summary>The captions' conditioning.</summary>
    public Conditioning Conditioning { get; }

    /// <summary>Number of images.</summary>
    public int Count => (int)Latents.shape[0];

    /// <summary>Encodes images and their captions.</summary>
    /// <param name="images">At least two images of one size, a multiple of the autoencoder's downsampling factor.</param>
    /// <param name="autoencoder">Encodes the images; the means are taken.</param>
    /// <param name="textEncoder">Encodes the captions.</param>
    /// <param name="device">Device of encoding and results; null for the CPU.</param>
    /// <param name="progress">Receives the number of images done.</param>
    /// <param name="cancellationToken">Checked before each batch.</param>
    /// <param name="denoiser">Inputs of the denoiser in addition to the texts, such as the images' sizes; null for none.</param>
    public static EvaluationSet Encode(
        IReadOnlyList<CaptionedImage> images, IAutoencoder autoencoder, ITextEncoder textEncoder, Device? device = null,
        IProgress<int>? progress = null, CancellationToken cancellationToken = default, DenoiserDescription? denoiser = null)
    {
        ArgumentNullException.ThrowIfNull(images);
        ArgumentNullException.ThrowIfNull(autoencoder);
        ArgumentNullException.ThrowIfNull(textEncoder);
        if (images.Count < 2) throw new ArgumentException($"At least two images are needed; there are {images.Count}.", nameof(images));
        using IDisposable noGrad = no_grad();
        using DisposeScope scope = NewDisposeScope();
        var latents = new List<Tensor>();
        var texts = new List<Conditioning>();
        foreach (CaptionedImage[] batch in images.Chunk(BatchSize))
        {
            cancellationToken.ThrowIfCancellationRequested();
            using Tensor pixels = ImageTensor.FromImages([.. batch.Select(b => b.Image)]).to(device ?? CPU);
            LatentDistribution distribution = autoencoder.Encode(pixels, cancellationToken);
            distribution.StandardDeviation?.Dispose();
            latents.Add(distribution.Mean);
            cancellationToken.ThrowIfCancellationRequested();
            texts.Add(textEncoder.Encode([.. batch.Select(b => b.Caption)], cancellationToken));
            progress?.Report(texts.Sum(t => (int)t.BatchSize));
        }

        var text = new Conditioning(
            cat([.. texts.Select(t => t.HiddenStates)]),
            texts[0].Pooled is null ? null : cat([.. texts.Select(t => t.Pooled!)]),
            texts[0].Mask is null ? null : cat([.. texts.Select(t => t.Mask!)]));
        if (denoiser is not null) text = SizeConditioningRows.AddTo(text, denoiser, images);
        return new EvaluationSet(Kept(cat(latents).to(ScalarType.Float32)), text.Map(Kept));
    }

    /// <summary>Takes the first images of a training run's cache.</summary>
    /// <param name="cache">Latents and token ids.</param>
    /// <param name="count">Number of images, from 2 to the number in the cache.</param>
    /// <param name="autoencoder">Scaling and shift, for latents that are not scaled yet.</param>
    /// <param name="textModel">The text encoder that the ids belong to.</param>
    public static EvaluationSet FromCache(LatentCache cache, int count, AutoencoderKLConfig autoencoder, ClipTextModel textModel)
    {
        ArgumentNullException.ThrowIfNull(cache);
        ArgumentNullException.ThrowIfNull(autoencoder);
        ArgumentNullException.ThrowIfNull(textModel);
        ArgumentOutOfRangeException.ThrowIfLessThan(count, 2);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(count, cache.Count);
        using IDisposable noGrad = no_grad();
        using DisposeScope scope = NewDisposeScope();
        LatentScaling scaling = cache.IsScaled ? LatentScaling.None : LatentScaling.FromConfig(autoencoder);
        Tensor latents = cache.Latents.narrow(0, 0, count).to(ScalarType.Float32).Add(-scaling.Shift).Multiply(scaling.Scale);
        Tensor[] texts = [.. Enumerable.Range(0, count).Select(i => textModel.call(cache.Ids.narrow(0, i, 1)).LastHiddenState)];
        return new EvaluationSet(Kept(latents), new Conditioning(Kept(cat(texts))));
    }

    /// <summary>Disposes the tensors.</summary>
    public void Dispose()
    {
        Latents.Dispose();
        Conditioning.Dispose();
    }

    private static Tensor Kept(Tensor tensor) => tensor.DetachFromDisposeScope();
}
