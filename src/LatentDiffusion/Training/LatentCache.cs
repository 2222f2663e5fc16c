using TorchSharp;
using static TorchSharp.torch;

namespace LatentDiffusion.Training;

/// <summary>
/// Latents and token ids of a data set, computed once: the frozen autoencoder then costs nothing in training. Kept in a
/// safetensors file whose metadata says what it was made of; a batch is read from the mapped file, so that a cache may
/// be larger than memory. Safe for concurrent use.
/// </summary>
/// <remarks>
/// A row is one variant of one image: row = image·<see cref="Variants"/> + variant. The making can be interrupted at
/// any moment and resumes where it stopped. Opening checks every row against its checksum: rows that are damaged are made again,
/// and so is a cache that lacks a tensor. The file stays open until the cache is disposed.
/// </remarks>
/// <example>
/// <code>
/// using LatentDiffusion.Checkpoints;
/// using LatentDiffusion.Data;
/// using LatentDiffusion.Models;
/// using LatentDiffusion.Training;
///
/// var images = new PreparedImages(CaptionedImages.Open("photos"), new PreparedImagesOptions { Width = 512, Height = 512 });
/// using ModelComponents model = DiffusersFolder.Read("models/stable-diffusion-v1-5");
/// using LatentCache latents = LatentCache.Open("latents.safetensors", images.ComputeCacheKey(), model, images, images.Count!.Value);
/// Console.WriteLine($"{latents.Count} latents of shape {string.Join(" x ", latents.Shape)}"); // … 4 x 64 x 64
/// </code>
/// </example>
public sealed partial class LatentCache : IDisposable
{
    private const string LatentsName = "latents", DeviationsName = "deviations", IdsName = "ids",
        SecondIdsName = "second_ids", SizesName = "sizes";

    // Elements read at a time for the statistics.
    private const long Chunk = 1 << 20;

    private readonly RowFile _rows;
    private readonly Lock _gate = new();
    private Tensor? _latents, _ids, _secondIds;

    private LatentCache(RowFile rows, int variants, bool isScaled) => (_rows, Variants, IsScaled) = (rows, variants, isScaled);

    /// <summary>
    /// Means of all latents, [<see cref="Count"/>, channels, height, width], of <see cref="LatentCacheOptions.Type"/>, in memory:
    /// read when first asked for. <see cref="Read"/> takes a batch from the file instead.
    /// </summary>
    public Tensor Latents => InMemory(ref _latents, LatentsName);

    /// <summary>Token ids of the captions, [<see cref="Count"/>, tokens], int64, in memory: read when first asked for.</summary>
    /// <exception cref="InvalidOperationException">The cache was made without a tokenizer.</exception>
    public Tensor Ids => HasIds ? InMemory(ref _ids, IdsName) : throw NoIds();

    /// <summary>
    /// Token ids of the captions for a second text tower, [<see cref="Count"/>, tokens], int64, in memory: read when first asked for.
    /// </summary>
    /// <exception cref="InvalidOperationException">The cache was made without a second tokenizer.</exception>
    public Tensor SecondIds => _rows.Find(SecondIdsName) is not null
        ? InMemory(ref _secondIds, SecondIdsName)
        : throw new InvalidOperationException(
            "The cache keeps no token ids for a second text tower: "
                + $"make it with {nameof(LatentCacheOptions)}.{nameof(LatentCacheOptions.SecondTokenizer)}.");

    /// <summary>Identifies the cache's sources: images, captions, autoencoder, tokenizer and options.</summary>
    internal string Key => _rows.Key;

    /// <summary>Number of rows: of images, times <see cref="Variants"/>.</summary>
    public long Count => Entry.Shape[0];

    /// <summary>Variants of each image.</summary>
    public int Variants { get; }

    /// <summary>
    /// Whether the latents are those that a denoiser works on, as an <see cref="IAutoencoder"/> gives them; false for those
    /// of a network, from which shift and scale are still to be applied.
    /// </summary>
    public bool IsScaled { get; }

    /// <summary>Whether standard deviations are kept, so that <see cref="Read"/> can draw from the posterior.</summary>
    public bool HasPosterior => _rows.Find(DeviationsName) is not null;

    /// <summary>Whether token ids are kept.</summary>
    public bool HasIds => _rows.Find(IdsName) is not null;

    /// <summary>Whether numbers about the images' sizes are kept.</summary>
    public bool HasSizes => _rows.Find(SizesName) is not null;

    /// <summary>Shape of one latent, [channels, height, width].</summary>
    public IReadOnlyList<long> Shape => [.. Entry.Shape.Skip(1)];

    // Opening makes sure of it.
    private TensorEntry Entry => _rows.Find(LatentsName)!;

    /// <summary>Latents of a batch, from the file.</summary>
    /// <param name="rows">Numbers of the rows, in any order.</param>
    /// <param name="posterior">Where given, latents are drawn from the posterior, mean + deviation·noise with noise from it; null for the
    /// means.</param>
    /// <returns>[rows, channels, height, width], float32, on the CPU.</returns>
    /// <exception cref="ArgumentOutOfRangeException">The row does not exist.</exception>
    /// <exception cref="InvalidOperationException">A draw is asked for, and no deviations are kept.</exception>
    public Tensor Read(ReadOnlySpan<long> rows, Generator? posterior = null)
    {
        if (posterior is not null && !HasPosterior)
            throw new InvalidOperationException(
                "The cache keeps no standard deviations to draw with: "
                    + $"make it with {nameof(LatentCacheOptions)}.{nameof(LatentCacheOptions.Posterior)}.");
        using IDisposable noGradient = no_grad();
        using DisposeScope scope = NewDisposeScope();
        Tensor mean = _rows.Read(LatentsName, rows).to(ScalarType.Float32);
        if (posterior is null) return mean.MoveToOuterDisposeScope();
        Tensor deviation = _rows.Read(DeviationsName, rows).to(ScalarType.Float32);
        return mean.AddProduct(deviation, randn(mean.shape, generator: posterior)).MoveToOuterDisposeScope();
    }

    /// <summary>Token ids of a batch, from the file.</summary>
    /// <param name="rows">Numbers of the rows, in any order.</param>
    /// <returns>[rows, tokens], int64, on the CPU.</returns>
    /// <exception cref="ArgumentOutOfRangeException">The row does not exist.</exception>
    /// <exception cref="InvalidOperationException">The cache was made without a tokenizer.</exception>
    public Tensor ReadIds(ReadOnlySpan<long> rows) => HasIds ? _rows.Read(IdsName, rows) : throw NoIds();

    /// <summary>
    /// Size conditioning of a batch for models of the SDXL family, from the file: original height and width, top and left
    /// of the crop, height and width now.
    /// </summary>
    /// <param name="rows">Numbers of the rows, in any order.</param>
    /// <returns>[rows, 6], float32, on the CPU.</returns>
    /// <exception cref="ArgumentOutOfRangeException">The row does not exist.</exception>
    /// <exception cref="InvalidOperationException">No sizes are kept.</exception>
    public Tensor ReadSizes(ReadOnlySpan<long> rows) => HasSizes
        ? _rows.Read(SizesName, rows)
        : throw new InvalidOperationException(
            $"The cache keeps no sizes of images: make it with {nameof(LatentCacheOptions)}.{nameof(LatentCacheOptions.Sizes)}.");

    /// <summary>Mean and standard deviation of all latents (of their means), which make the autoencoder's shift and scaling.</summary>
    public (double Mean, double StandardDeviation) Statistics()
    {
        double sum = 0, squares = 0;
        long perRow = Shape.Aggregate(1L, (product, n) => product * n), step = Math.Max(1, Chunk / perRow), total = Count * perRow;
        for (long start = 0; start < Count; start += step)
        {
            long[] rows = new long[Math.Min(step, Count - start)];
            for (int i = 0; i < rows.Length; i++) rows[i] = start + i;
            using DisposeScope scope = NewDisposeScope();
            Tensor values = Read(rows).to(ScalarType.Float64);
            sum += values.sum().item<double>();
            squares += values.Square().sum().item<double>();
        }

        double mean = sum / total;
        return (mean, Math.Sqrt(Math.Max(0, squares - total * mean * mean) / Math.Max(1, total - 1)));
    }

    /// <summary>Disposes the tensors and closes the file.</summary>
    public void Dispose()
    {
        _latents?.Dispose();
        _ids?.Dispose();
        _secondIds?.Dispose();
        _rows.Dispose();
    }

    private static InvalidOperationException NoIds() => new("The cache was made without a tokenizer and keeps no token ids.");

    private Tensor InMemory(ref Tensor? field, string name)
    {
        // Detached, for whoever asks first may do so within a scope that ends before the cache.
        lock (_gate) return field ??= _rows.ReadAll(name).DetachFromDisposeScope();
    }
}
