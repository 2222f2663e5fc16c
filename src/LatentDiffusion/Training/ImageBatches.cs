using static TorchSharp.torch;

namespace LatentDiffusion;

/// <summary>Batches of pictures as pixels, whole or as random crops.</summary>
internal sealed class ImageBatches(ICaptionedImageSource images, AutoencoderTrainingOptions options)
{
    private readonly BatchIndices _indices = new(images.Count, options.BatchSize);

    /// <inheritdoc cref="BatchIndices.Identity"/>
    public IReadOnlyDictionary<string, string> Identity => _indices.Identity;

    /// <summary>Pixels in [−1, 1], [batch, 3, height, width], float32.</summary>
    public Tensor Of(TrainingStep step)
    {
        CaptionedImage[] pictures = ParallelReading.Of(_indices.Of(step.Index), images.Read);
        if (options.CropSize is not { } size) return ImageTensor.FromImages([.. pictures.Select(p => p.Image)]);
        if (Array.Find(pictures, p => p.Image.Width < size || p.Image.Height < size) is { } small)
            throw new ArgumentException($"CropSize is {size}, and '{small.Name}' is {small.Image.Width} x {small.Image.Height} pixels.");
        Tensor corners = rand(pictures.Length, 2, generator: step.Generator);
        float[] where = corners.data<float>().ToArray();
        return ImageTensor.FromImages([.. pictures.Select((picture, i) => picture.Image.Crop(
            (int)(where[2 * i] * (picture.Image.Width - size + 1)), (int)(where[2 * i + 1] * (picture.Image.Height - size + 1)), size, size))]);
    }

    /// <summary>Names of a batch's pictures.</summary>
    public IReadOnlyList<string> Names(long index) => [.. _indices.Of(index).Select(i => images.Read(i).Name)];
}
