using LatentDiffusion.Tests.Pipelines;

namespace LatentDiffusion.Benchmarks;

/// <summary>Captioned images of 16 x 16 pixels to train on, cut from larger ones.</summary>
internal sealed class GoldenImages : ICaptionedImageSource
{
    private const int Images = 5;

    private const int Side = 16;

    public long? Count => Images;

    public CaptionedImage Read(long index) => new(
        TaskImages.Create(Side, Side, (x, y) => ((byte)(x * (index + 3) * 5), (byte)(y * 15 + index), (byte)(x * y * 7 + 40 * index))),
        index % 2 == 0 ? "ab a" : "b", $"image {index}")
    {
        Origin = new ImageOrigin((int)(Side + 2 * index), Side, (int)index, 0),
    };

    /// <summary>The latents, captions and sizes that a model is trained on.</summary>
    public static LatentCache Encode(ModelComponents model, GoldenModels models) =>
        LatentCache.Open(models.NewPath("latents.safetensors"), "golden", model, new GoldenImages(), Images);
}
