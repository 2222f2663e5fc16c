using LatentDiffusion;
using LatentDiffusion.Data;

namespace TrainFromScratch;

/// <summary>Each image twice: unchanged, and mirrored left to right.</summary>
/// <param name="images">The images, a finite source.</param>
internal sealed class MirroredImages(ICaptionedImageSource images) : ICaptionedImageSource
{
    public long? Count => 2 * images.Count;

    public bool HasVariants => images.HasVariants;

    public CaptionedImage Read(long index) => Read(index, 0);

    public string ReadCaption(long index) => images.ReadCaption(index / 2);

    public IReadOnlyList<string> ReadCaptions(long index) => images.ReadCaptions(index / 2);

    public CaptionedImage Read(long index, long variant)
    {
        CaptionedImage image = images.Read(index / 2, variant);
        return index % 2 == 0 ? image : image with { Image = Mirror(image.Image), Name = $"{image.Name} mirrored" };
    }

    private static ImageBuffer Mirror(ImageBuffer image)
    {
        byte[] rgb = new byte[image.Rgb.Length];
        for (int y = 0; y < image.Height; y++)
            for (int x = 0; x < image.Width; x++)
                image.Rgb.Slice((y * image.Width + x) * 3, 3).CopyTo(rgb.AsSpan((y * image.Width + image.Width - 1 - x) * 3));
        return new ImageBuffer(image.Width, image.Height, rgb);
    }
}
