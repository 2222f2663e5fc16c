namespace LatentDiffusion.Models.Drawings;

/// <summary>A finished drawing with its caption.</summary>
public sealed class Drawing
{
    internal Drawing(string caption, DrawingCombination combination, string paintedColor, int size, byte[] rgb)
    {
        Caption = caption;
        Combination = combination;
        PaintedColor = paintedColor;
        Size = size;
        Rgb = rgb;
    }

    /// <summary>The caption, in one of the templates.</summary>
    public string Caption { get; }

    /// <summary>The subject, colour and attribute that the caption names.</summary>
    public DrawingCombination Combination { get; }

    /// <summary>The colour that was painted, even if the caption does not name it.</summary>
    public string PaintedColor { get; }

    /// <summary>The width and height in pixels.</summary>
    public int Size { get; }

    /// <summary>The pixels, row by row, three bytes each: red, green, blue.</summary>
    public ReadOnlyMemory<byte> Rgb { get; }
}
