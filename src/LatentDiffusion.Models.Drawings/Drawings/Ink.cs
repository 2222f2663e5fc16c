using SkiaSharp;

namespace LatentDiffusion.Models.Drawings;

/// <summary>
/// The drawing surface, in the subject's own units (x right, y down). Without a canvas it only measures, so that the
/// easel can fit the subject into the image before anything is painted.
/// </summary>
internal sealed partial class Ink : IDisposable
{
    private readonly SKCanvas? canvas;
    private readonly Traits traits;
    private readonly float line;
    private readonly List<SKPath> paths = [];
    private readonly SKPaint brush = new() { IsAntialias = true, Style = SKPaintStyle.Fill };
    private readonly SKPaint pen = new()
    {
        IsAntialias = true,
        Style = SKPaintStyle.Stroke,
        StrokeJoin = SKStrokeJoin.Round,
        StrokeCap = SKStrokeCap.Round,
    };

    /// <summary>Creates a surface that paints, or only measures without a canvas.</summary>
    /// <param name="canvas">The canvas, already transformed; null to measure.</param>
    /// <param name="traits">The drawing's traits.</param>
    /// <param name="pixels">Pixels per unit in an image 128 pixels wide; lines keep their width in pixels.</param>
    public Ink(SKCanvas? canvas, Traits traits, float pixels)
    {
        this.canvas = canvas;
        this.traits = traits;
        line = traits.LinePixels / pixels;
    }

    /// <summary>The box around everything drawn so far.</summary>
    public SKRect Bounds { get; private set; } = SKRect.Empty;

    /// <summary>A part of the body: fill, hard-edged shade at the lower right, highlight if glossy, outline.</summary>
    public void Shape(SKPath path, Tones tones, bool gloss = false, float shading = 1f)
    {
        Mark(path, tones, gloss, shading);
        Line(path, tones.Line);
    }

    /// <summary>Like a shape but without an outline; within another path if given, for bellies, patches and stripes.</summary>
    public void Mark(SKPath path, Tones tones, bool gloss = false, float shading = 1f, SKPath? within = null)
    {
        Measure(path, within);
        if (canvas is null)
        {
            return;
        }

        SKRect box = path.TightBounds;
        float depth = shading * MathF.Min(0.1f, 0.16f * MathF.Min(box.Width, box.Height));
        canvas.Save();
        if (within is not null)
        {
            canvas.ClipPath(within, SKClipOperation.Intersect, true);
        }

        Fill(path, tones.Shade);
        canvas.ClipPath(path, SKClipOperation.Intersect, true);
        canvas.Translate(-depth, -depth);
        Fill(path, tones.Fill);
        canvas.Translate(depth, depth);
        if (gloss)
        {
            Gloss(box, tones.Light);
        }

        canvas.Restore();
    }

    /// <summary>A flat area of one colour.</summary>
    public void Fill(SKPath path, SKColor color)
    {
        Measure(path, null);
        brush.Color = color;
        canvas?.DrawPath(path, brush);
    }

    /// <summary>A line along a path; width 1 is the outline's.</summary>
    public void Line(SKPath path, SKColor color, float width = 1f)
    {
        Measure(path, null);
        pen.Color = color;
        pen.StrokeWidth = line * width;
        canvas?.DrawPath(path, pen);
    }

    /// <summary>A smooth line through points; width 1 is the outline's.</summary>
    public void Line(SKColor color, float width, params ReadOnlySpan<float> points) => Line(Curve(points), color, width);

    /// <inheritdoc/>
    public void Dispose()
    {
        foreach (SKPath path in paths)
        {
            path.Dispose();
        }

        brush.Dispose();
        pen.Dispose();
    }

    private void Gloss(SKRect box, SKColor color)
    {
        float size = MathF.Min(box.Width, box.Height);
        Fill(Ellipse(box.Left + (0.27f * box.Width), box.Top + (0.2f * box.Height), 0.11f * size, 0.065f * size, -32f), color);
    }

    private void Measure(SKPath path, SKPath? within)
    {
        if (canvas is null && within is null)
        {
            SKRect box = path.TightBounds;
            Bounds = Bounds.IsEmpty ? box : SKRect.Union(Bounds, box);
        }
    }
}
