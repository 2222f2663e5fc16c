using SkiaSharp;

namespace LatentDiffusion.Models.Drawings;

/// <content>Joining forms into one silhouette.</content>
internal sealed partial class Ink
{
    private const int Attempts = 6;

    /// <summary>One silhouette of several overlapping forms.</summary>
    public SKPath Union(params ReadOnlySpan<SKPath> forms)
    {
        SKPath all = forms[0];
        foreach (SKPath form in forms[1..])
        {
            all = Union(all, form);
        }

        return all;
    }

    // Skia's path operations now and then lose a contour where curves nearly touch. The result is therefore
    // checked, and tried again with one form moved by far less than a pixel.
    private SKPath Union(SKPath a, SKPath b)
    {
        for (int attempt = 0; attempt < Attempts; attempt++)
        {
            float nudge = 0.0017f * attempt;
            SKPath form = attempt == 0 ? b : Moved(b, nudge, -0.7f * nudge, 0.1f * attempt, b.Bounds.MidX, b.Bounds.MidY);
            SKPath? union = a.Op(form, SKPathOp.Union);
            if (union is not null)
            {
                paths.Add(union);
                if (Covers(union, a) && Covers(union, form))
                {
                    return union;
                }
            }
        }

        SKPath both = New();
        both.AddPath(a);
        both.AddPath(b);
        return both;
    }

    private static bool Covers(SKPath union, SKPath part)
    {
        SKRect box = part.TightBounds;
        SKRect around = union.TightBounds;
        const float slack = 0.01f;
        if (box.Left < around.Left - slack
            || box.Top < around.Top - slack
            || box.Right > around.Right + slack
            || box.Bottom > around.Bottom + slack)
        {
            return false;
        }

        for (int i = 1; i < 36; i++)
        {
            float x = box.Left + (box.Width * (i % 6) / 6f);
            float y = box.Top + (box.Height * (i / 6) / 6f);
            if (part.Contains(x, y) && !union.Contains(x, y) && !union.Contains(x + slack, y) && !union.Contains(x, y + slack))
            {
                return false;
            }
        }

        return true;
    }
}
