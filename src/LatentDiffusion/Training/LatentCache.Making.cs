using System.ComponentModel.DataAnnotations;
using System.Globalization;
using static TorchSharp.torch;

namespace LatentDiffusion.Training;

/// <content>How a cache is made, or taken up again: from which autoencoder, tokenizer and images.</content>
public sealed partial class LatentCache
{
    /// <summary>Takes images to the means of their latents and, where asked for, standard deviations.</summary>
    private delegate (Tensor Mean, Tensor? Deviation) Encoder(Tensor pixels);

    /// <summary>Reads a cache of unscaled means in float16, or makes it where it is missing or was made of something else.</summary>
    /// <param name="path">The cache file.</param>
    /// <param name="key">Says which images and captions it is made of (see <see cref="ContentHash"/>): they are not read to be compared.
    /// Autoencoder, tokenizer and count are added to it.</param>
    /// <param name="network">The autoencoder.</param>
    /// <param name="tokenizer">The tokenizer of the captions.</param>
    /// <param name="images">The images, all of one size.</param>
    /// <param name="count">How many of them.</param>
    /// <param name="progress">Reports the number of images done.</param>
    /// <param name="cancellationToken">Stops the work; finished rows are kept next to the path and reused the next time.</param>
    public static LatentCache Open(
        string path, string key, AutoencoderKL network, ITokenizer tokenizer, ICaptionedImageSource images, long count,
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
    /// <param name="key">Says which images and captions it is made of (see <see cref="ContentHash"/>): they are not read to be compared.
    /// Autoencoder, tokenizer, options and count are added to it.</param>
    /// <param name="network">The autoencoder.</param>
    /// <param name="tokenizer">The tokenizer of the captions; null to keep no token ids.</param>
    /// <param name="images">The images, all of one size.</param>
    /// <param name="count">How many of them.</param>
    /// <param name="options">Contents of the cache.</param>
    /// <param name="progress">Reports the number of rows done.</param>
    /// <param name="cancellationToken">Stops the work; finished rows are kept next to the path and reused the next time.</param>
    /// <exception cref="ValidationException">An option is out of its range; the message names it.</exception>
    /// <exception cref="ArgumentException">Variants are asked of a source that has none, or images differ in size.</exception>
    public static LatentCache Open(
        string path, string key, AutoencoderKL network, ITokenizer? tokenizer, ICaptionedImageSource images, long count,
        LatentCacheOptions options, IProgress<long>? progress = null, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(network);
        ArgumentNullException.ThrowIfNull(options);
        // Latents before shift and scale do not depend on them.
        string content = ContentKeys.ForNetwork(network, network.Config with { ScalingFactor = 1, ShiftFactor = null });
        return Open(path, key, content, Encode, tokenizer, images, count, options, isScaled: false, progress, cancellationToken);

        (Tensor, Tensor?) Encode(Tensor pixels)
        {
            (Tensor mean, Tensor logVariance) = network.Encode(Like(pixels, network));
            return (mean, options.Posterior ? logVariance.to(ScalarType.Float32).Multiply(0.5).exp() : null);
        }
    }

    /// <param name="path">The cache file.</param>
    /// <param name="key">Says which images and captions it is made of (see <see cref="ContentHash"/>): they are not read to be compared.
    /// Autoencoder, tokenizer, options and count are added to it.</param>
    /// <param name="network">The autoencoder, which has no posterior.</param>
    /// <param name="tokenizer">The tokenizer of the captions; null to keep no token ids.</param>
    /// <param name="images">The images, all of one size.</param>
    /// <param name="count">How many of them.</param>
    /// <param name="options">Contents of the cache.</param>
    /// <param name="progress">Reports the number of rows done.</param>
    /// <param name="cancellationToken">Stops the work; finished rows are kept next to the path and reused the next time.</param>
    /// <inheritdoc cref="Open(string, string, AutoencoderKL, ITokenizer?, ICaptionedImageSource, long,
    /// LatentCacheOptions, IProgress{long}?, CancellationToken)" path="/exception"/>
    public static LatentCache Open(
        string path, string key, AutoencoderTiny network, ITokenizer? tokenizer, ICaptionedImageSource images, long count,
        LatentCacheOptions options, IProgress<long>? progress = null, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(network);
        string content = ContentKeys.ForNetwork(network, network.Config with { ScalingFactor = 1, ShiftFactor = null });
        return Open(
            path, key, content, pixels => (network.Encode(Like(pixels, network)), null), tokenizer, images, count, options,
            isScaled: false, progress, cancellationToken);
    }

    /// <summary>
    /// Reads a cache of the latents that the denoiser works on, shift and scale applied, or makes it where it is missing or
    /// was made of something else.
    /// </summary>
    /// <param name="path">The cache file.</param>
    /// <param name="key">Says which images and captions it is made of (see <see cref="ContentHash"/>): they are not read to be compared.
    /// Autoencoder, tokenizer, options and count are added to it.</param>
    /// <param name="autoencoder">The autoencoder. One that is not the library's counts by its type only: the key then says which it
    /// is.</param>
    /// <param name="tokenizer">The tokenizer of the captions; null to keep no token ids.</param>
    /// <param name="images">The images, all of one size.</param>
    /// <param name="count">How many of them.</param>
    /// <param name="options">Contents of the cache.</param>
    /// <param name="progress">Reports the number of rows done.</param>
    /// <param name="cancellationToken">Stops the work; finished rows are kept next to the path and reused the next time.</param>
    /// <inheritdoc cref="Open(string, string, AutoencoderKL, ITokenizer?, ICaptionedImageSource, long,
    /// LatentCacheOptions, IProgress{long}?, CancellationToken)" path="/exception"/>
    public static LatentCache Open(
        string path, string key, IAutoencoder autoencoder, ITokenizer? tokenizer, ICaptionedImageSource images, long count,
        LatentCacheOptions options, IProgress<long>? progress = null, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(autoencoder);
        ArgumentNullException.ThrowIfNull(options);
        return Open(
            path, key, autoencoder.ContentKey, Encode, tokenizer, images, count, options, isScaled: true, progress, cancellationToken);

        (Tensor, Tensor?) Encode(Tensor pixels)
        {
            LatentDistribution distribution = autoencoder.Encode(options.Device is { } device ? pixels.to(device) : pixels);
            return (distribution.Mean, distribution.StandardDeviation);
        }
    }

    /// <summary>
    /// Reads a cache of all that the training of a model needs, or makes it where it is missing or was made of something
    /// else: latents as the denoiser sees them, token ids for each text tower, and the images' sizes where the U-Net is
    /// conditioned on them.
    /// </summary>
    /// <param name="path">The cache file.</param>
    /// <param name="key">Says which images and captions it is made of (see <see cref="ContentHash"/>): they are not read to be compared.
    /// Autoencoder, tokenizer, options and count are added to it.</param>
    /// <param name="model">The model, for example of <see cref="DiffusersFolder.Read(string, CheckpointOptions?)"/>.</param>
    /// <param name="images">The images, all of one size.</param>
    /// <param name="count">How many of them.</param>
    /// <param name="options">Further contents; null for the defaults. Sizes, tokenizers and device follow from the model.</param>
    /// <param name="progress">Reports the number of rows done.</param>
    /// <param name="cancellationToken">Stops the work; finished rows are kept next to the path and reused the next time.</param>
    /// <exception cref="InvalidDataException">The model's parts contradict each other.</exception>
    /// <inheritdoc cref="Open(string, string, AutoencoderKL, ITokenizer?, ICaptionedImageSource, long,
    /// LatentCacheOptions, IProgress{long}?, CancellationToken)" path="/exception"/>
    public static LatentCache Open(
        string path, string key, ModelComponents model, ICaptionedImageSource images, long count, LatentCacheOptions? options = null,
        IProgress<long>? progress = null, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(model);
        TrainableModel parts = model.Family.CreateTrainable(model);
        options = (options ?? new LatentCacheOptions()) with
        {
            Sizes = parts.ReadsSizes, SecondTokenizer = parts.SecondTokenizer, Device = model.Device,
        };
        return Open(path, key, parts.Autoencoder, parts.Tokenizer, images, count, options, progress, cancellationToken);
    }

    private static LatentCache Open(
        string path, string key, string content, Encoder encode, ITokenizer? tokenizer, ICaptionedImageSource images,
        long count, LatentCacheOptions options,
        bool isScaled, IProgress<long>? progress, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(key);
        ArgumentNullException.ThrowIfNull(images);
        ArgumentNullException.ThrowIfNull(options);
        ValidOptions.Check(options);
        ArgumentOutOfRangeException.ThrowIfLessThan(count, 1);
        if (images.Count is { } there) ArgumentOutOfRangeException.ThrowIfGreaterThan(count, there);
        if (options.Variants > 1 && !images.HasVariants)
            throw new ArgumentException(
                $"{options.Variants} variants of each image are asked for, and {images.GetType().Name} has one.", nameof(images));
        string identity = StableHash.Compute(string.Create(
            CultureInfo.InvariantCulture,
            $"{key}\n{count}\n{content}\n{tokenizer?.ContentKey}\n"
                + $"{options.Posterior} {options.Variants} {options.Type} {(isScaled ? "scaled" : "unscaled")}"
                + $"{(options.Sizes ? " sizes" : "")}{(options.SecondTokenizer is { } second ? $" {second.ContentKey}" : "")}"));
        string[] required =
        [
            LatentsName, .. options.Posterior ? [DeviationsName] : (string[])[], .. tokenizer is null ? (string[])[] : [IdsName],
            .. options.SecondTokenizer is null ? (string[])[] : [SecondIdsName], .. options.Sizes ? [SizesName] : (string[])[],
        ];
        using var reading = new ImageReadAhead(Read);
        RowFile rows = RowFile.OpenOrMake(
            path, identity, count * options.Variants, required, options.BatchSize, Compute, options.Logger, progress, cancellationToken,
            options.Processes);
        if (tokenizer is not null) TruncatedCaptions.Log(rows, path, tokenizer.MaxLength, options.Logger);
        return new LatentCache(rows, options.Variants, isScaled);

        IReadOnlyList<(string, Tensor)> Compute(long start, int length, long? next)
        {
            CaptionedImage[] batch = reading.Read(Rows(start, length), next is { } first ? Rows(first, options.BatchSize) : []);
            CheckSizes(batch);
            (Tensor mean, Tensor? deviation) = encode(ImageTensor.FromImages([.. batch.Select(b => b.Image)]));
            var tensors = new List<(string, Tensor)> { (LatentsName, mean.to(options.Type)) };
            if (options.Posterior)
            {
                if (deviation is null)
                    throw new ArgumentException(
                        "The posterior is to be kept, and the autoencoder has none: its latents are points.", nameof(options));
                tensors.Add((DeviationsName, deviation.to(options.Type)));
            }

            if (tokenizer is not null)
            {
                tensors.Add((IdsName, Ids(tokenizer)));
                tensors.Add(TruncatedCaptions.Column(
                    batch.Select(b => b.Caption),
                    c => Math.Max(tokenizer.CountTruncatedTokens(c), options.SecondTokenizer?.CountTruncatedTokens(c) ?? 0)));
            }

            if (options.SecondTokenizer is { } other) tensors.Add((SecondIdsName, Ids(other)));
            if (options.Sizes)
                tensors.Add((
                    SizesName, cat([.. batch.Select(b => SizeConditioningInput.FromImage(b, SizeConditioning.TargetSize).ToTensor(CPU))])));
            return tensors;

            Tensor Ids(ITokenizer with) => tensor(batch.SelectMany(b => with.EncodeIds(b.Caption)).ToArray(), [length, with.MaxLength]);
        }

        long[] Rows(long first, int most)
        {
            int length = (int)Math.Clamp(count * options.Variants - first, 0, most);
            return [.. Enumerable.Range(0, length).Select(i => first + i)];
        }

        CaptionedImage Read(long row) =>
            options.Variants == 1 ? images.Read(row) : images.Read(row / options.Variants, row % options.Variants);
    }

    private static void CheckSizes(CaptionedImage[] batch)
    {
        ImageBuffer first = batch[0].Image;
        if (Array.Find(batch, b => b.Image.Width != first.Width || b.Image.Height != first.Height) is { } other)
            throw new ArgumentException(
                $"'{other.Name}' is {other.Image.Width} x {other.Image.Height} pixels "
                    + $"and '{batch[0].Name}' {first.Width} x {first.Height}: all images of a cache are of one size.");
    }

    private static Tensor Like(Tensor pixels, nn.Module network) =>
        pixels.to(NetworkUse.TypeOf(network), NetworkUse.DeviceOf(network));
}
