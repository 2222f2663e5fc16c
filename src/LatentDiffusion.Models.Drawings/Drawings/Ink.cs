using SkiaSharp;

namespace LatentDiffusion.Models.Drawings;

/// <summary>
/// The drawing surface, in the subject's own units (x right, y down). Without a canvas it only measures, so that the
/// easel can fit the subject into the image before anything is painted.
/// </summary>
internal sealed partial class Ink : IDisposable
{
    // In pixels of an image 256 pixels wide. The contour is heavier than lines within, and heaviest away from the light.
    private const float LinePixels = 2.7f;
    private const float ContourPixels = 2.4f;
    private const float WeightPixels = 1f;
    private const float ThinnestPixels = 1.6f;

    // Parts smaller than this, in the subject's units, reflect no light.
    private const float Reflecting = 0.45f;

    private readonly SKCanvas? canvas;
    private readonly Traits traits;
    private readonly float pixel;
    private readonly List<SKPath> paths = [];
    private readonly List<(SKPath Path, SKColor Color)> shapes = [];
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
    /// <param name="pixels">Pixels per unit in an image 256 pixels wide; lines keep their width in pixels.</param>
    public Ink(SKCanvas? canvas, Traits traits, float pixels)
    {
        this.canvas = canvas;
        this.traits = traits;
        pixel = 1f / pixels;
    }

    /// <summary>The box around everything drawn so far.</summary>
    public SKRect Bounds { get; private set; } = SKRect.Empty;

    /// <summary>The outlined parts drawn so far, with the colours of their outlines. They live as long as this surface.</summary>
    public IReadOnlyList<(SKPath Path, SKColor Color)> Shapes => shapes;

    /// <summary>
    /// Draws the contour around all parts together, to be painted over by the parts. It is what their outlines extend to on the
    /// outside, mostly at the lower right.
    /// </summary>
    public void Contour(IEnumerable<(SKPath Path, SKColor Color)> parts)
    {
        canvas!.Save();
        canvas.Translate(WeightPixels * pixel, WeightPixels * pixel);
        pen.StrokeWidth = (LinePixels + ContourPixels) * pixel;
        foreach ((SKPath path, SKColor color) in parts)
        {
            pen.Color = color;
            canvas.DrawPath(path, pen);
        }

        canvas.Restore();
    }

    /// <summary>A part of the body: fill, hard-edged shade at the lower right, highlight if glossy, outline.</summary>
    public void Shape(SKPath path, Tones tones, bool gloss = false, float shading = 1f)
    {
        Mark(path, tones, gloss, shading);
        Line(path, tones.Line);
        if (canvas is null)
        {
            shapes.Add((path, tones.Line));
        }
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
        float size = MathF.Min(box.Width, box.Height);
        float depth = shading * MathF.Min(0.11f, 0.16f * size);
        canvas.Save();
        if (within is not null)
        {
            canvas.ClipPath(within, SKClipOperation.Intersect, true);
        }

        Fill(path, size < Reflecting ? tones.Shade : tones.Reflected);
        canvas.ClipPath(path, SKClipOperation.Intersect, true);
        if (size >= Reflecting)
        {
            Shifted(path, tones.Shade, 0.32f * depth);
        }

        Shifted(path, tones.Fill, depth);
        if (gloss)
        {
            Gloss(box, tones.Light);
        }

        canvas.Restore();
    }

    /// <summary>The shadow that a part in front casts on one behind it.</summary>
    /// <param name="caster">The part in front.</param>
    /// <param name="onto">The part behind, already painted.</param>
    /// <param name="down">How far below the part its shadow falls.</param>
    public void Shadow(SKPath caster, SKPath onto, float down)
    {
        if (canvas is null)
        {
            return;
        }

        canvas.Save();
        canvas.ClipPath(onto, SKClipOperation.Intersect, true);
        canvas.Translate(down * 0.35f, down);
        brush.BlendMode = SKBlendMode.Multiply;
        Fill(caster, Palette.CastShadow);
        brush.BlendMode = SKBlendMode.SrcOver;
        canvas.Restore();
    }

    /// <summary>A flat area of one colour.</summary>
    public void Fill(SKPath path, SKColor color)
    {
        Measure(path, null);
        brush.Color = color;
        canvas?.DrawPath(path, brush);
    }

    /// <summary>A crisp highlight: a long spot, and a short one to the lower left of it.</summary>
    public void Highlight(float x, float y, float size, SKColor color)
    {
        Fill(Ellipse(x, y, size, size * 0.52f, -34f), color);
        Fill(Ellipse(x - (size * 1.25f), y + (size * 1.1f), size * 0.3f, size * 0.27f), color);
    }

    /// <summary>An even line along a path; width 1 is the outline's.</summary>
    public void Line(SKPath path, SKColor color, float width = 1f)
    {
        Measure(path, null);
        pen.Color = color;
        pen.StrokeWidth = Width(width);
        canvas?.DrawPath(path, pen);
    }

    /// <summary>A smooth line through points, with thinner ends; width 1 is the outline's.</summary>
    public void Line(SKColor color, float width, params ReadOnlySpan<float> points)
    {
        if (canvas is null)
        {
            Measure(Curve(points), null);
        }
        else
        {
            Fill(Tapered(Width(width) / 2f, points), color);
        }
    }

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

    private float Width(float width) => MathF.Max(width * LinePixels, ThinnestPixels) * pixel;

    private void Shifted(SKPath path, SKColor color, float distance)
    {
        canvas!.Translate(-distance, -distance);
        Fill(path, color);
        canvas.Translate(distance, distance);
    }

    // A long highlight with a short one below it, along the upper left of a round form.
    private void Gloss(SKRect box, SKColor color)
    {
        float size = MathF.Min(box.Width, box.Height);
        Highlight(box.Left + (0.28f * box.Width), box.Top + (0.19f * box.Height), 0.11f * size, color);
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
