using SkiaSharp;

namespace LatentDiffusion.Models.Drawings;

/// <content>Glasses: square pale lenses in bold frames, so that they are never taken for round dark eyes.</content>
internal sealed partial class Ink
{
    /// <summary>The lenses behind a pair of eyes; nothing if no glasses are worn.</summary>
    private void Lenses(float x, float y, float gap, float halfWidth)
    {
        if (traits.Glasses)
        {
            Fill(Lens(x - gap, y, halfWidth), new SKColor(0xC9, 0xEE, 0xFA));
            Fill(Lens(x + gap, y, halfWidth), new SKColor(0xC9, 0xEE, 0xFA));
        }
    }

    /// <summary>The frame around both lenses, over the eyes; nothing if no glasses are worn.</summary>
    private void Frame(float x, float y, float gap, float halfWidth)
    {
        if (!traits.Glasses)
        {
            return;
        }

        float w = halfWidth;
        float inner = gap - w;
        SKPath frame = New();
        foreach (float side in (ReadOnlySpan<float>)[-1f, 1f])
        {
            float center = x + (side * gap);
            Line(
                SKColors.White, 1.3f, center + (w * 0.36f), y + (w * 0.66f), center + (w * 0.68f), y + (w * 0.34f));
            frame.AddPath(Lens(center, y, w));
            frame.AddPath(Curve(center + (side * w), y - (w * 0.2f), center + (side * w * 1.36f), y - (w * 0.34f)));
        }

        frame.AddPath(Curve(x - inner, y - (w * 0.16f), x, y - (w * 0.36f), x + inner, y - (w * 0.16f)));

        // A pale line beneath keeps the frame visible on dark bodies.
        Line(frame, new SKColor(0xF0, 0xF2, 0xF6), 2.5f);
        Line(frame, new SKColor(0x24, 0x22, 0x34), 1.7f);
    }

    private SKPath Lens(float x, float y, float halfWidth)
    {
        SKPath lens = New();
        float half = halfWidth * 0.92f;
        lens.AddRoundRect(new SKRect(x - halfWidth, y - half, x + halfWidth, y + half), halfWidth * 0.42f, halfWidth * 0.42f);
        return lens;
    }
}
