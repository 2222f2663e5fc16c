using System.ComponentModel.DataAnnotations;
using System.Globalization;
using TorchSharp;
using static TorchSharp.torch;

namespace LatentDiffusion;

/// <summary>
/// Latents and token ids of a data set, computed once: the frozen autoencoder then costs nothing in training. Kept in a
/// safetensors file whose metadata says what it was made of; a batch is read from the mapped file, so that a cache may
/// be larger than memory. Safe for concurrent use.
/// </summary>
/// <remarks>
/// A row is one variant of one picture: row = picture·<see cref="Variants"/> + variant. The making can be interrupted at
/// any moment and goes on where it was. The file stays open until the cache is disposed.
/// </remarks>
public sealed class LatentCache : IDisposable
{
    private const string LatentsName = "latents", DeviationsName = "deviations", IdsName = "ids", SecondIdsName = "second_ids", SizesName = "sizes";

    // Elements read at a time for the statistics.
    private const long Chunk = 1 << 20;

    private readonly RowFile _rows;
    private readonly Lock _gate = new();
    private Tensor? _latents, _ids, _secondIds;

    private LatentCache(RowFile rows, int variants, bool isScaled) => (_rows, Variants, IsScaled) = (rows, variants, isScaled);

    /// <summary>Takes pictures to the means of their latents and, where asked for, standard deviations.</summary>
    private delegate (Tensor Mean, Tensor? Deviation) Encoder(Tensor pixels);

    /// <summary>
    /// Means of all latents, [<see cref="Count"/>, channels, height, width], of <see cref="LatentCacheOptions.Type"/>, in memory:
    /// read when first asked for. <see cref="Read"/> takes a batch from the file instead.
    /// </summary>
    public Tensor Latents => InMemory(ref _latents, LatentsName);

    /// <summary>Token ids of the captions, [<see cref="Count"/>, tokens], int64, in memory: read when first asked for.</summary>
    /// <exception cref="InvalidOperationException">The cache was made without a tokenizer.</exception>
    public Tensor Ids => HasIds ? InMemory(ref _ids, IdsName) : throw NoIds();

    /// <summary>Token ids of the captions for a second text tower, [<see cref="Count"/>, tokens], int64, in memory: read when first asked for.</summary>
    /// <exception cref="InvalidOperationException">The cache was made without a second tokenizer.</exception>
    public Tensor SecondIds => _rows.Find(SecondIdsName) is not null
        ? InMemory(ref _secondIds, SecondIdsName)
        : throw new InvalidOperationException($"The cache keeps no token ids for a second text tower: make it with {nameof(LatentCacheOptions)}.{nameof(LatentCacheOptions.SecondTokenizer)}.");

    /// <summary>Number of rows: of pictures, times <see cref="Variants"/>.</summary>
    public long Count => Entry.Shape[0];

    /// <summary>Variants of each picture.</summary>
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

    /// <summary>Whether numbers about the pictures' sizes are kept.</summary>
    public bool HasSizes => _rows.Find(SizesName) is not null;

    /// <summary>Shape of one latent, [channels, height, width].</summary>
    public IReadOnlyList<long> Shape => [.. Entry.Shape.Skip(1)];

    private TensorEntry Entry => _rows.Find(LatentsName)!;

    /// <summary>Reads a cache of unscaled means in float16, or makes it where it is missing or was made of something else.</summary>
    /// <param name="path">The cache file.</param>
    /// <param name="key">Says which pictures and captions it is made of (see <see cref="ContentHash"/>): they are not read to be compared. Autoencoder, tokenizer and count are added to it.</param>
    /// <param name="network">The autoencoder.</param>
    /// <param name="tokenizer">The tokenizer of the captions.</param>
    /// <param name="images">The pictures, all of one size.</param>
    /// <param name="count">How many of them.</param>
    /// <param name="progress">Told the number of pictures done.</param>
    /// <param name="cancellationToken">Stops the making; what is done is kept beside the path, and taken up again the next time.</param>
    public static LatentCache Open(
        string path, string key, AutoencoderKL network, ClipTokenizer tokenizer, ICaptionedImageSource images, long count,
        IProgress<long>? progress = null, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(tokenizer);
        return Open(path, key, network, tokenizer, images, count, new LatentCacheOptions(), progress, cancellationToken);
    }

    /// <summary>
    /// Reads a cache of the network's own latents, before shift and scale, or makes it where it is missing or was made of
    /// something else.
    /// </summary>
    /// <param name="path">The cache file.</param>
    /// <param name="key">Says which pictures and captions it is made of (see <see cref="ContentHash"/>): they are not read to be compared. Autoencoder, tokenizer, options and count are added to it.</param>
    /// <param name="network">The autoencoder.</param>
    /// <param name="tokenizer">The tokenizer of the captions; null to keep no token ids.</param>
    /// <param name="images">The pictures, all of one size.</param>
    /// <param name="count">How many of them.</param>
    /// <param name="options">What is kept.</param>
    /// <param name="progress">Told the number of rows done.</param>
    /// <param name="cancellationToken">Stops the making; what is done is kept beside the path, and taken up again the next time.</param>
    /// <exception cref="ValidationException">An option is out of its range; the message names it.</exception>
    /// <exception cref="ArgumentException">Variants are asked of a source that has none, or pictures differ in size.</exception>
    public static LatentCache Open(
        string path, string key, AutoencoderKL network, ClipTokenizer? tokenizer, ICaptionedImageSource images, long count,
        LatentCacheOptions options, IProgress<long>? progress = null, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(network);
        ArgumentNullException.ThrowIfNull(options);
        // Latents before shift and scale do not depend on them.
        string content = ContentKey.Of(network, network.Config with { ScalingFactor = 1, ShiftFactor = null });
        return Open(path, key, content, Encode, tokenizer, images, count, options, isScaled: false, progress, cancellationToken);

        (Tensor, Tensor?) Encode(Tensor pixels)
        {
            (Tensor mean, Tensor logVariance) = network.Encode(Like(pixels, network));
            return (mean, options.Posterior ? logVariance.to(ScalarType.Float32).Times(0.5).exp() : null);
        }
    }

    /// <param name="path">The cache file.</param>
    /// <param name="key">Says which pictures and captions it is made of (see <see cref="ContentHash"/>): they are not read to be compared. Autoencoder, tokenizer, options and count are added to it.</param>
    /// <param name="network">The autoencoder, which has no posterior.</param>
    /// <param name="tokenizer">The tokenizer of the captions; null to keep no token ids.</param>
    /// <param name="images">The pictures, all of one size.</param>
    /// <param name="count">How many of them.</param>
    /// <param name="options">What is kept.</param>
    /// <param name="progress">Told the number of rows done.</param>
    /// <param name="cancellationToken">Stops the making; what is done is kept beside the path, and taken up again the next time.</param>
    /// <inheritdoc cref="Open(string, string, AutoencoderKL, ClipTokenizer?, ICaptionedImageSource, long, LatentCacheOptions, IProgress{long}?, CancellationToken)"/>
    public static LatentCache Open(
        string path, string key, AutoencoderTiny network, ClipTokenizer? tokenizer, ICaptionedImageSource images, long count,
        LatentCacheOptions options, IProgress<long>? progress = null, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(network);
        string content = ContentKey.Of(network, network.Config with { ScalingFactor = 1, ShiftFactor = null });
        return Open(path, key, content, pixels => (network.Encode(Like(pixels, network)), null), tokenizer, images, count, options, isScaled: false, progress, cancellationToken);
    }

    /// <summary>
    /// Reads a cache of the latents that the denoiser works on, shift and scale applied, or makes it where it is missing or
    /// was made of something else.
    /// </summary>
    /// <param name="path">The cache file.</param>
    /// <param name="key">Says which pictures and captions it is made of (see <see cref="ContentHash"/>): they are not read to be compared. Autoencoder, tokenizer, options and count are added to it.</param>
    /// <param name="autoencoder">The autoencoder. One that is not the library's counts by its type alone: the key then says which it is.</param>
    /// <param name="tokenizer">The tokenizer of the captions; null to keep no token ids.</param>
    /// <param name="images">The pictures, all of one size.</param>
    /// <param name="count">How many of them.</param>
    /// <param name="options">What is kept.</param>
    /// <param name="progress">Told the number of rows done.</param>
    /// <param name="cancellationToken">Stops the making; what is done is kept beside the path, and taken up again the next time.</param>
    /// <inheritdoc cref="Open(string, string, AutoencoderKL, ClipTokenizer?, ICaptionedImageSource, long, LatentCacheOptions, IProgress{long}?, CancellationToken)"/>
    public static LatentCache Open(
        string path, string key, IAutoencoder autoencoder, ClipTokenizer? tokenizer, ICaptionedImageSource images, long count,
        LatentCacheOptions options, IProgress<long>? progress = null, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(autoencoder);
        ArgumentNullException.ThrowIfNull(options);
        return Open(path, key, ContentKey.Of(autoencoder), Encode, tokenizer, images, count, options, isScaled: true, progress, cancellationToken);

        (Tensor, Tensor?) Encode(Tensor pixels)
        {
            LatentDistribution distribution = autoencoder.Encode(options.Device is { } device ? pixels.to(device) : pixels);
            return (distribution.Mean, distribution.StandardDeviation);
        }
    }

    /// <summary>
    /// Reads a cache of all that the training of a model needs, or makes it where it is missing or was made of something
    /// else: latents as the denoiser sees them, token ids for each text tower, and the pictures' sizes where the U-Net is
    /// told of them.
    /// </summary>
    /// <param name="path">The cache file.</param>
    /// <param name="key">Says which pictures and captions it is made of (see <see cref="ContentHash"/>): they are not read to be compared. Autoencoder, tokenizer, options and count are added to it.</param>
    /// <param name="model">The model, for example of <see cref="DiffusersFolder.Read(string, CheckpointOptions?)"/>.</param>
    /// <param name="images">The pictures, all of one size.</param>
    /// <param name="count">How many of them.</param>
    /// <param name="options">What else is kept; null for the defaults. Sizes, tokenizers and device are the model's to say.</param>
    /// <param name="progress">Told the number of rows done.</param>
    /// <param name="cancellationToken">Stops the making; what is done is kept beside the path, and taken up again the next time.</param>
    /// <exception cref="InvalidDataException">The model's parts contradict each other.</exception>
    /// <inheritdoc cref="Open(string, string, AutoencoderKL, ClipTokenizer?, ICaptionedImageSource, long, LatentCacheOptions, IProgress{long}?, CancellationToken)"/>
    public static LatentCache Open(
        string path, string key, StableDiffusionComponents model, ICaptionedImageSource images, long count, LatentCacheOptions? options = null,
        IProgress<long>? progress = null, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(model);
        ComponentRules.Check(model);
        ClipTokenizer? first = model.Tokenizer?.Build(), second = model.TextEncoder2 is null ? null : model.Tokenizer2!.Build();
        options = (options ?? new LatentCacheOptions()) with
        {
            Sizes = model.UNet.Config.AdditionEmbedType == "text_time", SecondTokenizer = model.TextEncoder is null ? null : second,
            Device = model.Autoencoder.parameters().First().device,
        };
        // The refiner has the second tower alone.
        return Open(path, key, LatentAutoencoder.Of(model.Autoencoder), model.TextEncoder is null ? second : first, images, count, options, progress, cancellationToken);
    }

    /// <summary>Latents of a batch, from the file.</summary>
    /// <param name="rows">Numbers of the rows, in any order.</param>
    /// <param name="posterior">Where given, latents are drawn from the posterior, mean + deviation·noise with noise from it; null for the means.</param>
    /// <returns>[rows, channels, height, width], float32, on the CPU.</returns>
    /// <exception cref="ArgumentOutOfRangeException">There is no such row.</exception>
    /// <exception cref="InvalidOperationException">A draw is asked for, and no deviations are kept.</exception>
    public Tensor Read(ReadOnlySpan<long> rows, Generator? posterior = null)
    {
        if (posterior is not null && !HasPosterior)
            throw new InvalidOperationException($"The cache keeps no standard deviations to draw with: make it with {nameof(LatentCacheOptions)}.{nameof(LatentCacheOptions.Posterior)}.");
        using IDisposable noGradient = no_grad();
        using DisposeScope scope = NewDisposeScope();
        Tensor mean = _rows.Read(LatentsName, rows).to(ScalarType.Float32);
        if (posterior is null) return mean.MoveToOuterDisposeScope();
        Tensor deviation = _rows.Read(DeviationsName, rows).to(ScalarType.Float32);
        return mean.PlusProduct(deviation, randn(mean.shape, generator: posterior)).MoveToOuterDisposeScope();
    }

    /// <summary>Token ids of a batch, from the file.</summary>
    /// <param name="rows">Numbers of the rows, in any order.</param>
    /// <returns>[rows, tokens], int64, on the CPU.</returns>
    /// <exception cref="ArgumentOutOfRangeException">There is no such row.</exception>
    /// <exception cref="InvalidOperationException">The cache was made without a tokenizer.</exception>
    public Tensor ReadIds(ReadOnlySpan<long> rows) => HasIds ? _rows.Read(IdsName, rows) : throw NoIds();

    /// <summary>
    /// What models of the SDXL family are told of a batch's pictures, from the file: original height and width, top and left
    /// of the crop, height and width now.
    /// </summary>
    /// <param name="rows">Numbers of the rows, in any order.</param>
    /// <returns>[rows, 6], float32, on the CPU.</returns>
    /// <exception cref="ArgumentOutOfRangeException">There is no such row.</exception>
    /// <exception cref="InvalidOperationException">No sizes are kept.</exception>
    public Tensor ReadSizes(ReadOnlySpan<long> rows) => HasSizes
        ? _rows.Read(SizesName, rows)
        : throw new InvalidOperationException($"The cache keeps no sizes of pictures: make it with {nameof(LatentCacheOptions)}.{nameof(LatentCacheOptions.Sizes)}.");

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
            squares += values.Squared().sum().item<double>();
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

    private static LatentCache Open(
        string path, string key, string content, Encoder encode, ClipTokenizer? tokenizer, ICaptionedImageSource images, long count, LatentCacheOptions options,
        bool isScaled, IProgress<long>? progress, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(key);
        ArgumentNullException.ThrowIfNull(images);
        ArgumentNullException.ThrowIfNull(options);
        ValidOptions.Check(options);
        ArgumentOutOfRangeException.ThrowIfLessThan(count, 1);
        if (images.Count is { } there) ArgumentOutOfRangeException.ThrowIfGreaterThan(count, there);
        var varied = images as IVariedImageSource;
        if (options.Variants > 1 && varied is null)
            throw new ArgumentException($"{options.Variants} variants of each picture are asked for, and {images.GetType().Name} has one.", nameof(images));
        string identity = StableHash.Of(string.Create(
            CultureInfo.InvariantCulture,
            $"{key}\n{count}\n{content}\n{tokenizer?.ContentKey}\n{options.Posterior} {options.Variants} {options.Type} {(isScaled ? "scaled" : "unscaled")}{(options.Sizes ? " sizes" : "")}{(options.SecondTokenizer is { } second ? $" {second.ContentKey}" : "")}"));
        RowFile rows = RowFile.OpenOrMake(path, identity, count * options.Variants, options.BatchSize, Compute, progress, cancellationToken);
        return new LatentCache(rows, options.Variants, isScaled);

        IReadOnlyList<(string, Tensor)> Compute(long start, int length)
        {
            CaptionedImage[] batch = ParallelReading.Of(Enumerable.Range(0, length).Select(i => start + i), Picture);
            CheckSizes(batch);
            (Tensor mean, Tensor? deviation) = encode(ImageTensor.FromImages([.. batch.Select(b => b.Image)]));
            var tensors = new List<(string, Tensor)> { (LatentsName, mean.to(options.Type)) };
            if (options.Posterior)
            {
                if (deviation is null) throw new ArgumentException("The posterior is to be kept, and the autoencoder has none: its latents are points.", nameof(options));
                tensors.Add((DeviationsName, deviation.to(options.Type)));
            }

            if (tokenizer is not null) tensors.Add((IdsName, Ids(tokenizer)));
            if (options.SecondTokenizer is { } other) tensors.Add((SecondIdsName, Ids(other)));
            if (options.Sizes) tensors.Add((SizesName, cat([.. batch.Select(b => SizeHint.Of(b, SizeConditioning.TargetSize).ToTensor(CPU))])));
            return tensors;

            Tensor Ids(ClipTokenizer with) => tensor(batch.SelectMany(b => with.Encode(b.Caption).Ids).ToArray(), [length, with.MaxLength]);
        }

        CaptionedImage Picture(long row) => options.Variants == 1 ? images.Read(row) : varied!.Read(row / options.Variants, row % options.Variants);
    }

    private static void CheckSizes(CaptionedImage[] batch)
    {
        ImageBuffer first = batch[0].Image;
        if (Array.Find(batch, b => b.Image.Width != first.Width || b.Image.Height != first.Height) is { } other)
            throw new ArgumentException(
                $"'{other.Name}' is {other.Image.Width} x {other.Image.Height} pixels and '{batch[0].Name}' {first.Width} x {first.Height}: all pictures of a cache are of one size.");
    }

    private static Tensor Like(Tensor pixels, nn.Module network)
    {
        Tensor parameter = network.parameters().First();
        return pixels.to(parameter.dtype, parameter.device);
    }

    private static InvalidOperationException NoIds() => new("The cache was made without a tokenizer and keeps no token ids.");

    private Tensor InMemory(ref Tensor? field, string name)
    {
        // Detached, for whoever asks first may do so within a scope that ends before the cache.
        lock (_gate) return field ??= _rows.ReadAll(name).DetachFromDisposeScope();
    }
}
