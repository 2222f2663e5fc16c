using System.Globalization;
using TorchSharp;
using static TorchSharp.torch;

namespace LatentDiffusion;

/// <summary>
/// Latents and token ids of a data set, computed once: the frozen autoencoder then costs nothing in training. Kept in a
/// file whose metadata says what it was made of.
/// </summary>
public sealed class LatentCache : IDisposable
{
    private const string KeyMetadata = "key", LatentsName = "latents", IdsName = "ids";
    // Small enough that activations stay in the cache and the allocator reuses their memory: several times as fast as 32.
    private const int BatchSize = 4;

    private LatentCache(Tensor latents, Tensor ids) => (Latents, Ids) = (latents, ids);

    /// <summary>Means of the latents as the autoencoder network gives them, unscaled, [pictures, channels, height, width], float16.</summary>
    public Tensor Latents { get; }

    /// <summary>Token ids of the captions, [pictures, tokens], int64.</summary>
    public Tensor Ids { get; }

    /// <summary>Number of pictures.</summary>
    public long Count => Latents.shape[0];

    /// <summary>Reads a cache, or makes it where it is missing or was made of something else.</summary>
    /// <param name="path">The cache file.</param>
    /// <param name="key">Says what it is made of: the data set, the autoencoder's weights, the vocabulary.</param>
    /// <param name="network">The autoencoder.</param>
    /// <param name="tokenizer">The tokenizer of the captions.</param>
    /// <param name="images">The pictures.</param>
    /// <param name="count">How many of them.</param>
    /// <param name="progress">Told the number of pictures done.</param>
    /// <param name="cancellationToken">Stops the making; nothing is written then.</param>
    public static LatentCache Open(
        string path, string key, AutoencoderKL network, ClipTokenizer tokenizer, ICaptionedImageSource images, long count,
        IProgress<long>? progress = null, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(network);
        return Open(path, key, pixels => network.Encode(pixels).Mean, tokenizer, images, count, progress, cancellationToken);
    }

    /// <summary>Reads a cache of a tiny autoencoder's latents, or makes it.</summary>
    /// <inheritdoc cref="Open(string, string, AutoencoderKL, ClipTokenizer, ICaptionedImageSource, long, IProgress{long}?, CancellationToken)"/>
    public static LatentCache Open(
        string path, string key, AutoencoderTiny network, ClipTokenizer tokenizer, ICaptionedImageSource images, long count,
        IProgress<long>? progress = null, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(network);
        return Open(path, key, network.Encode, tokenizer, images, count, progress, cancellationToken);
    }

    private static LatentCache Open(
        string path, string key, Func<Tensor, Tensor> encode, ClipTokenizer tokenizer, ICaptionedImageSource images, long count,
        IProgress<long>? progress, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(tokenizer);
        ArgumentNullException.ThrowIfNull(images);
        key = StableHash.Of(string.Create(CultureInfo.InvariantCulture, $"{key}\n{count}"));
        if (File.Exists(path))
        {
            using var file = SafetensorsFile.Open(path);
            if (file.Metadata.GetValueOrDefault(KeyMetadata) == key) return new LatentCache(file.Read(LatentsName), file.Read(IdsName));
        }

        LatentCache cache = Make(encode, tokenizer, images, count, progress, cancellationToken);
        SafetensorsWriter.Write(
            path, [(LatentsName, cache.Latents), (IdsName, cache.Ids)], new Dictionary<string, string> { [KeyMetadata] = key });
        return cache;
    }

    /// <summary>Mean and standard deviation of all latents, which make the autoencoder's shift and scaling.</summary>
    public (double Mean, double StandardDeviation) Statistics()
    {
        using DisposeScope scope = NewDisposeScope();
        Tensor values = Latents.to(ScalarType.Float32);
        return (values.mean().item<float>(), values.std().item<float>());
    }

    /// <summary>Disposes the tensors.</summary>
    public void Dispose()
    {
        Latents.Dispose();
        Ids.Dispose();
    }

    private static LatentCache Make(
        Func<Tensor, Tensor> encode, ClipTokenizer tokenizer, ICaptionedImageSource images, long count, IProgress<long>? progress, CancellationToken cancellationToken)
    {
        using IDisposable noGrad = no_grad();
        using DisposeScope scope = NewDisposeScope();
        var latents = new List<Tensor>();
        var ids = new List<long>();
        for (long start = 0; start < count; start += BatchSize)
        {
            cancellationToken.ThrowIfCancellationRequested();
            CaptionedImage[] batch =
                [.. Enumerable.Range(0, (int)Math.Min(BatchSize, count - start)).AsParallel().AsOrdered().Select(i => images.Read(start + i))];
            using DisposeScope inner = NewDisposeScope();
            Tensor encoded = encode(ImageTensor.FromImages([.. batch.Select(b => b.Image)]));
            latents.Add(encoded.to(ScalarType.Float16).MoveToOuterDisposeScope());
            foreach (CaptionedImage image in batch) ids.AddRange(tokenizer.Encode(image.Caption).Ids);
            progress?.Report(start + batch.Length);
        }

        return new LatentCache(
            cat(latents).DetachFromDisposeScope(), tensor(ids.ToArray(), [count, tokenizer.MaxLength]).DetachFromDisposeScope());
    }
}
