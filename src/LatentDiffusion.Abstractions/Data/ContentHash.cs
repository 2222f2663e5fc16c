using System.Buffers.Binary;
using System.Runtime.ExceptionServices;
using System.Security.Cryptography;
using System.Text;
using static TorchSharp.torch;

namespace LatentDiffusion.Data;

/// <summary>
/// SHA-256 hashes of the content of images, data sets and networks: the same in every process and on every machine, whatever
/// the file names. Cache keys and data set splits depend on them.
/// </summary>
public static class ContentHash
{
    /// <summary>Elements hashed at a time, so that no second copy of a large tensor exists.</summary>
    private const long ElementsAtATime = 1 << 20;

    /// <summary>Images read in parallel before the next block starts. Bounds the work that is lost on cancellation.</summary>
    private const int ImagesAtATime = 256;

    /// <summary>Hash of an image: its width and height (32-bit, little-endian) and its pixels.</summary>
    /// <param name="image">The image.</param>
    /// <returns>32 bytes.</returns>
    public static byte[] Compute(ImageBuffer image)
    {
        ArgumentNullException.ThrowIfNull(image);
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        Span<byte> size = stackalloc byte[2 * sizeof(int)];
        BinaryPrimitives.WriteInt32LittleEndian(size, image.Width);
        BinaryPrimitives.WriteInt32LittleEndian(size[sizeof(int)..], image.Height);
        hash.AppendData(size);
        hash.AppendData(image.Rgb);
        return hash.GetHashAndReset();
    }

    /// <summary>
    /// Hashes of all images of a source, in its order. Images whose hash the source does not know are read, on all processors.
    /// </summary>
    /// <param name="images">A finite source.</param>
    /// <param name="progress">Receives the number of images done.</param>
    /// <param name="cancellationToken">Stops the reading.</param>
    /// <returns>32 bytes for each image.</returns>
    /// <exception cref="ArgumentException">The source is infinite.</exception>
    public static byte[][] ComputeEach(
        ICaptionedImageSource images, IProgress<long>? progress = null, CancellationToken cancellationToken = default) =>
        [.. Each(images, images.ReadContentHash, progress, cancellationToken)];

    /// <summary>
    /// Hash of a whole data set: its images and all their captions, in their order. Images whose hash the source does not know
    /// are read, on all processors.
    /// </summary>
    /// <param name="images">A finite source.</param>
    /// <param name="progress">Receives the number of images done.</param>
    /// <param name="cancellationToken">Stops the reading.</param>
    /// <returns>64 hexadecimal digits.</returns>
    /// <exception cref="ArgumentException">The source is infinite.</exception>
    public static string Compute(
        ICaptionedImageSource images, IProgress<long>? progress = null, CancellationToken cancellationToken = default)
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        foreach (byte[] one in Each(images, Item, progress, cancellationToken))
            hash.AppendData(one);
        return Convert.ToHexStringLower(hash.GetHashAndReset());

        byte[] Item(long index) =>
        [
            .. images.ReadContentHash(index),
            .. images.ReadCaptions(index).SelectMany(c => SHA256.HashData(Encoding.UTF8.GetBytes(c))),
        ];
    }

    /// <summary>Hash of a network: the names, data types, shapes and values of its parameters and buffers.</summary>
    /// <param name="module">The network, on any device.</param>
    /// <returns>64 hexadecimal digits.</returns>
    public static string Compute(nn.Module module)
    {
        ArgumentNullException.ThrowIfNull(module);
        using IDisposable noGradient = no_grad();
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        foreach ((string name, Tensor tensor) in module.state_dict().OrderBy(t => t.Key, StringComparer.Ordinal))
        {
            hash.AppendData(Encoding.UTF8.GetBytes($"{name}\n{tensor.dtype}\n[{string.Join(',', tensor.shape)}]\n"));
            using Tensor plain = tensor.detach();
            using Tensor ordered = plain.contiguous();
            using Tensor flat = ordered.view(-1);
            for (long start = 0; start < flat.NumberOfElements; start += ElementsAtATime)
            {
                using Tensor part = flat.narrow(0, start, Math.Min(ElementsAtATime, flat.NumberOfElements - start));
                using Tensor ready = part.cpu();
                hash.AppendData(ready.bytes);
            }
        }

        return Convert.ToHexStringLower(hash.GetHashAndReset());
    }

    private static IEnumerable<T> Each<T>(
        ICaptionedImageSource images, Func<long, T> function, IProgress<long>? progress, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(images);
        if (images.Count is not { } count)
            throw new ArgumentException("An infinite source has no hash; take a finite subset of it.", nameof(images));
        return Blocks();

        IEnumerable<T> Blocks()
        {
            for (long start = 0; start < count; start += ImagesAtATime)
            {
                cancellationToken.ThrowIfCancellationRequested();
                int length = (int)Math.Min(ImagesAtATime, count - start);
                long first = start;
                T[] block = Read(first, length);
                foreach (T one in block) yield return one;
                progress?.Report(start + length);
            }
        }

        T[] Read(long first, int length)
        {
            try
            {
                return [.. ParallelEnumerable.Range(0, length).AsOrdered().Select(i => function(first + i))];
            }
            catch (AggregateException e)
            {
                // The exception of the one image says more than the aggregate does.
                ExceptionDispatchInfo.Throw(e.InnerExceptions[0]);
                throw;
            }
        }
    }
}
