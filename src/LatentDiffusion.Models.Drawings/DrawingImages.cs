namespace LatentDiffusion.Models.Drawings;

/// <summary>The drawings as an infinite data set for the trainers.</summary>
/// <param name="source">The source of the drawings.</param>
public sealed class DrawingImages(DrawingSource source) : ICaptionedImageSource
{
    /// <summary>Null: there is a drawing for every index.</summary>
    public long? Count => null;

    /// <inheritdoc />
    public CaptionedImage Read(long index)
    {
        Drawing drawing = source.Draw(index);
        return new CaptionedImage(new ImageBuffer(drawing.Size, drawing.Size, drawing.Rgb.Span), drawing.Caption, $"drawing {index}");
    }
}
