using System.Security.Cryptography;
using static TorchSharp.torch;

namespace LatentDiffusion.Training;

/// <summary>Batches of images as pixels, whole or as random crops.</summary>
internal sealed class ImageBatches(ICaptionedImageSource images, AutoencoderTrainingOptions options)
{
    // Reading all images would decode the whole set at every start.
    private const int Probes = 32;

    private readonly ImageReadAhead _reading = new(images.Read);

    private readonly BatchIndices _indices = new(images.Count, options.BatchSize, () => DataOf(images));

    /// <inheritdoc cref="BatchIndices.Identity"/>
    public IReadOnlyDictionary<string, string> Identity => _indices.Identity;

    /// <inheritdoc cref="BatchIndices.Warnings"/>
    public IEnumerable<string> Warnings => _indices.Warnings;

    /// <inheritdoc cref="BatchIndices.Seed"/>
    public ulong Seed
    {
        set => _indices.Seed = value;
    }

    /// <inheritdoc cref="ImageReadAhead.Waited"/>
    public TimeSpan Waited => _reading.Waited;

    /// <summary>Numbers of a batch's images.</summary>
    public long[] Numbers(long index, ItemSelection? selection) => _indices.IndicesFor(index, selection);

    /// <summary>Name of an image.</summary>
    public string NameOf(long number) => images.Read(number).Name;

    /// <summary>Pixels in [−1, 1], [batch, 3, height, width], float32.</summary>
    public Tensor PixelsFor(TrainingStep step)
    {
        CaptionedImage[] batch = _reading.Read(
            _indices.IndicesFor(step.Index, step.Selection), _indices.IndicesFor(step.Index + 1, step.Selection));
        if (options.CropSize is not { } size) return ImageTensor.FromImages([.. batch.Select(b => b.Image)]);
        if (Array.Find(batch, b => b.Image.Width < size || b.Image.Height < size) is { } small)
            throw new ArgumentException($"CropSize is {size}, and '{small.Name}' is {small.Image.Width} x {small.Image.Height} pixels.");
        Tensor corners = rand(batch.Length, 2, generator: step.Generator);
        float[] corner = corners.data<float>().ToArray();
        return ImageTensor.FromImages([.. batch.Select((b, i) => b.Image.Crop(
            (int)(corner[2 * i] * (b.Image.Width - size + 1)), (int)(corner[2 * i + 1] * (b.Image.Height - size + 1)), size, size))]);
    }

    /// <summary>Names of a batch's images, for messages.</summary>
    public IReadOnlyList<string> Names(long index) => [.. _indices.IndicesFor(index).Select(i => images.Read(i).Name)];

    /// <summary>Identifies the data: a hash of at most 32 images that are spread over the set, with the first and the last.</summary>
    public static string DataOf(ICaptionedImageSource images)
    {
        long last = (images.Count ?? Probes) - 1;
        int probes = (int)Math.Min(Probes, last + 1);
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        IEnumerable<long> numbers = Enumerable.Range(0, probes).Select(i => probes == 1 ? 0 : last * i / (probes - 1));
        foreach (CaptionedImage image in ParallelImageReader.ReadAll(numbers, images.Read))
            hash.AppendData(ContentHash.Compute(image.Image));
        return Convert.ToHexStringLower(hash.GetHashAndReset());
    }
}
