using SkiaSharp;

namespace LatentDiffusion.Models.Drawings;

/// <content>The forms that parts consist of. The surface owns and disposes the paths.</content>
internal sealed partial class Ink
{
    private const int StepsPerSpan = 7;

    /// <summary>An ellipse, turned by some degrees.</summary>
    public SKPath Ellipse(float x, float y, float rx, float ry, float degrees = 0f)
    {
        SKPath path = New();
        path.AddOval(new SKRect(x - rx, y - ry, x + rx, y + ry));
        if (degrees != 0f)
        {
            path.Transform(SKMatrix.CreateRotationDegrees(degrees, x, y));
        }

        return path;
    }

    /// <summary>A closed smooth form through the points.</summary>
    public SKPath Blob(params ReadOnlySpan<float> points) => Smooth(points, closed: true);

    /// <summary>An open smooth line through the points.</summary>
    public SKPath Curve(params ReadOnlySpan<float> points) => Smooth(points, closed: false);

    /// <summary>A polygon whose corners are rounded by a fraction (0 to 0.5) of the edges.</summary>
    public SKPath Corners(float round, params ReadOnlySpan<float> points)
    {
        SKPath path = New();
        int count = points.Length / 2;
        for (int i = 0; i < count; i++)
        {
            SKPoint corner = At(points, i);
            SKPoint from = Between(corner, At(points, (i + count - 1) % count), round);
            SKPoint to = Between(corner, At(points, (i + 1) % count), round);
            if (i == 0)
            {
                path.MoveTo(from);
            }
            else
            {
                path.LineTo(from);
            }

            path.QuadTo(corner, to);
        }

        path.Close();
        return path;
    }

    /// <summary>A limb, tail or stalk along a smooth line; its half width goes from one value to another.</summary>
    public SKPath Tube(float startRadius, float endRadius, params ReadOnlySpan<float> points)
    {
        int spans = (points.Length / 2) - 1;
        int steps = spans * StepsPerSpan;
        SKPoint[] spine = new SKPoint[steps + 1];
        for (int i = 0; i <= steps; i++)
        {
            spine[i] = Spline(points, i / (float)StepsPerSpan, spans);
        }

        SKPath path = New();
        List<SKPoint> forth = [];
        List<SKPoint> back = [];
        for (int i = 0; i <= steps; i++)
        {
            SKPoint along = spine[Math.Min(i + 1, steps)] - spine[Math.Max(i - 1, 0)];
            float factor = Radius(i) / MathF.Max(along.Length, 1e-5f);
            SKPoint side = new(-along.Y * factor, along.X * factor);
            Add(forth, i, spine[i] + side);
            Add(back, i, spine[i] - side);
        }

        path.MoveTo(forth[0]);
        foreach (SKPoint point in forth)
        {
            path.LineTo(point);
        }

        // Round caps: arcs of the end radii, always bulging away from the spine.
        path.ArcTo(new SKPoint(endRadius, endRadius), 0f, SKPathArcSize.Small, SKPathDirection.CounterClockwise, back[^1]);
        for (int i = back.Count - 1; i >= 0; i--)
        {
            path.LineTo(back[i]);
        }

        path.ArcTo(new SKPoint(startRadius, startRadius), 0f, SKPathArcSize.Small, SKPathDirection.CounterClockwise, forth[0]);
        path.Close();
        return path;

        float Radius(int i) => startRadius + ((endRadius - startRadius) * i / steps);

        // Points inside a sharp bend would be lines within the limb: they are left out.
        void Add(List<SKPoint> edge, int i, SKPoint point)
        {
            for (int j = 0; j <= steps && i > 0 && i < steps; j++)
            {
                if ((point - spine[j]).Length < 0.97f * Radius(j))
                {
                    return;
                }
            }

            edge.Add(point);
        }
    }

    /// <summary>The area of a brush stroke along a smooth line, from thin to the half width and to thin again.</summary>
    private SKPath Tapered(float halfWidth, ReadOnlySpan<float> points)
    {
        const float thin = 0.4f;
        int spans = (points.Length / 2) - 1;
        int steps = spans * StepsPerSpan;
        Span<SKPoint> spine = stackalloc SKPoint[steps + 1];
        for (int i = 0; i <= steps; i++)
        {
            spine[i] = Spline(points, i / (float)StepsPerSpan, spans);
        }

        SKPath path = New();
        for (int i = 0; i <= steps; i++)
        {
            SKPoint edge = spine[i] + Side(i, spine, 1f);
            if (i == 0)
            {
                path.MoveTo(edge);
            }
            else
            {
                path.LineTo(edge);
            }
        }

        for (int i = steps; i >= 0; i--)
        {
            path.LineTo(spine[i] + Side(i, spine, -1f));
        }

        path.Close();
        return path;

        SKPoint Side(int i, ReadOnlySpan<SKPoint> along, float sign)
        {
            SKPoint way = along[Math.Min(i + 1, steps)] - along[Math.Max(i - 1, 0)];
            float radius = halfWidth * (thin + ((1f - thin) * MathF.Sqrt(MathF.Max(0f, MathF.Sin(MathF.PI * i / steps)))));
            float factor = sign * radius / MathF.Max(way.Length, 1e-5f);
            return new SKPoint(-way.Y * factor, way.X * factor);
        }
    }

    /// <summary>A path turned about a point and moved.</summary>
    public SKPath Moved(SKPath path, float dx, float dy, float degrees = 0f, float x = 0f, float y = 0f)
    {
        SKPath moved = New();
        SKMatrix turn = SKMatrix.CreateRotationDegrees(degrees, x, y);
        path.Transform(turn.PostConcat(SKMatrix.CreateTranslation(dx, dy)), moved);
        return moved;
    }

    /// <summary>The mirror image about a vertical axis, or the path itself for the left side (-1).</summary>
    public SKPath OnSide(float side, SKPath leftPath, float axis = 0f)
    {
        if (side < 0f)
        {
            return leftPath;
        }

        SKPath mirrored = New();
        leftPath.Transform(SKMatrix.CreateScale(-1f, 1f, axis, 0f), mirrored);
        return mirrored;
    }

    private static SKPoint At(ReadOnlySpan<float> points, int i) => new(points[2 * i], points[(2 * i) + 1]);

    private static SKPoint Between(SKPoint from, SKPoint to, float fraction) =>
        new(from.X + ((to.X - from.X) * fraction), from.Y + ((to.Y - from.Y) * fraction));

    // Catmull-Rom: the curve passes through every point, which makes silhouettes easy to write down.
    private static SKPoint Spline(ReadOnlySpan<float> points, float at, int spans)
    {
        int span = Math.Min((int)at, spans - 1);
        float u = at - span;
        SKPoint a = At(points, Math.Max(span - 1, 0));
        SKPoint b = At(points, span);
        SKPoint c = At(points, span + 1);
        SKPoint d = At(points, Math.Min(span + 2, spans));
        return new SKPoint(Spline(a.X, b.X, c.X, d.X, u), Spline(a.Y, b.Y, c.Y, d.Y, u));
    }

    private static float Spline(float a, float b, float c, float d, float u) =>
        b + (0.5f * u * (c - a + (u * ((2f * a) - (5f * b) + (4f * c) - d + (u * ((3f * (b - c)) + d - a))))));

    private SKPath Smooth(ReadOnlySpan<float> points, bool closed)
    {
        SKPath path = New();
        int count = points.Length / 2;
        path.MoveTo(At(points, 0));
        for (int i = 0; i < (closed ? count : count - 1); i++)
        {
            SKPoint a = At(points, closed ? (i + count - 1) % count : Math.Max(i - 1, 0));
            SKPoint b = At(points, i);
            SKPoint c = At(points, (i + 1) % count);
            SKPoint d = At(points, closed ? (i + 2) % count : Math.Min(i + 2, count - 1));
            path.CubicTo(
                new SKPoint(b.X + ((c.X - a.X) / 6f), b.Y + ((c.Y - a.Y) / 6f)),
                new SKPoint(c.X - ((d.X - b.X) / 6f), c.Y - ((d.Y - b.Y) / 6f)),
                c);
        }

        if (closed)
        {
            path.Close();
        }

        return path;
    }

    private SKPath New()
    {
        SKPath path = new();
        paths.Add(path);
        return path;
    }
}
