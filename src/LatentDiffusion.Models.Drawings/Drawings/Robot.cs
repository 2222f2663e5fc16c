using SkiaSharp;

namespace LatentDiffusion.Models.Drawings;

/// <summary>A robot: a box for a head with an antenna, a box for a body with a panel, and jointed limbs.</summary>
internal sealed class Robot : Subject
{
    private static readonly Tones Steel = Tones.FromHsl(215f, 0.08f, 0.62f);

    public override void Draw(Ink ink, Traits t)
    {
        float b = 0.42f * t.Body;
        Tones steel = (t.TwoTone ? t.Second : Steel).LinedLike(t.Main);
        ink.Surface(0f, 0.78f, 0.66f);
        ink.Cape(0f, 0f, 0.46f, 0.88f);
        foreach (float side in Sides)
        {
            if (!t.Surface)
            {
                Leg(ink, t, steel, side);
            }

            if (!t.Rock)
            {
                Arm(ink, t, steel, side, b);
            }
        }

        ink.Shape(ink.Corners(0f, -0.12f, -0.1f, 0.12f, -0.1f, 0.12f, 0.1f, -0.12f, 0.1f), steel);
        ink.Shape(ink.Corners(0.14f, -b, 0.02f, b, 0.02f, b * 0.9f, 0.7f, -b * 0.9f, 0.7f), t.Main);
        ink.Shape(ink.Corners(0.14f, -b * 0.66f, 0.16f, b * 0.66f, 0.16f, b * 0.6f, 0.56f, -b * 0.6f, 0.56f), t.Second, shading: 0.6f);
        if (t.Jewel)
        {
            ink.Jewel(0f, 0.36f, 0.2f);
        }
        else
        {
            ink.Fill(ink.Ellipse(-0.13f, 0.28f, 0.05f, 0.05f), new SKColor(0xE8, 0x4A, 0x4A));
            ink.Fill(ink.Ellipse(0f, 0.28f, 0.05f, 0.05f), new SKColor(0xF4, 0xC8, 0x3A));
            ink.Fill(ink.Ellipse(0.13f, 0.28f, 0.05f, 0.05f), new SKColor(0x4F, 0xB8, 0x5E));
            ink.Line(t.Main.Line, 1.2f, -0.16f, 0.4f, 0.16f, 0.4f);
            ink.Line(t.Main.Line, 1.2f, -0.16f, 0.48f, 0.16f, 0.48f);
        }

        ink.Collar(0f, 0.06f, 0.4f);
        ink.Rock(0f, 0.36f, 0.36f);
        if (t.Rock)
        {
            foreach (float side in Sides)
            {
                ink.Shape(ink.Tube(0.075f, 0.075f, side * b, 0.1f, side * (b + 0.16f), 0.32f, side * 0.42f, 0.48f), steel);
                ink.Shape(ink.Ellipse(side * 0.38f, 0.48f, 0.13f, 0.12f), t.Main);
            }
        }

        if (t.Surface)
        {
            // Sitting: the legs reach forward, so that only the soles are seen.
            foreach (float side in Sides)
            {
                ink.Shape(ink.Corners(0.25f, side * 0.08f, 0.56f, side * 0.42f, 0.56f, side * 0.44f, 0.86f, side * 0.08f, 0.86f), t.Main);
                ink.Mark(ink.Corners(0.25f, side * 0.15f, 0.62f, side * 0.36f, 0.62f, side * 0.37f, 0.8f, side * 0.15f, 0.8f), steel);
            }
        }

        Head(ink, t, steel);
    }

    private static void Leg(Ink ink, Traits t, Tones steel, float side)
    {
        ink.Shape(ink.Corners(0f, side * 0.14f, 0.6f, side * 0.28f, 0.6f, side * 0.28f, 0.86f, side * 0.14f, 0.86f), steel);
        ink.Shape(ink.Corners(0.2f, side * 0.08f, 0.8f, side * 0.34f, 0.8f, side * 0.42f, 0.98f, side * 0.08f, 0.98f), t.Main);
    }

    private static void Arm(Ink ink, Traits t, Tones steel, float side, float b)
    {
        float lift = t.Pose * 0.14f;
        float hx = side * (b + (0.32f * t.Limb));
        float hy = 0.5f - lift;
        ink.Shape(ink.Tube(0.07f, 0.07f, side * b, 0.16f, side * (b + 0.2f), 0.24f, hx, hy), steel);
        ink.Shape(ink.Ellipse(hx, hy + 0.06f, 0.12f, 0.12f), t.Main);
        ink.Shape(ink.Ellipse(side * (b + 0.03f), 0.14f, 0.12f, 0.12f), t.Main);
    }

    private static void Head(Ink ink, Traits t, Tones steel)
    {
        float w = 0.54f * t.Head;
        float top = -0.84f;
        ink.Line(t.Main.Line, 2.2f, 0f, top, 0f, -0.98f * t.Ear);
        if (!t.Hat)
        {
            ink.Shape(ink.Ellipse(0f, -1.02f * t.Ear, 0.08f, 0.08f), t.Second, gloss: true);
        }

        foreach (float side in Sides)
        {
            ink.Shape(ink.Corners(0.2f, side * w, -0.58f, side * (w + 0.13f), -0.54f, side * (w + 0.13f), -0.32f, side * w, -0.28f), steel);
        }

        SKPath head = ink.Corners(0.2f, -w, top, w, top, w, -0.08f, -w, -0.08f);
        ink.Shape(head, t.Main, gloss: true);
        SKPath screen = ink.Corners(0.2f, -w * 0.8f, -0.7f, w * 0.8f, -0.7f, w * 0.8f, -0.2f, -w * 0.8f, -0.2f);
        ink.Shape(screen, t.Second, shading: 0.5f);
        ink.Eyes(0f, -0.5f, 0.2f, 0.12f);
        ink.Mouth(0f, -0.32f, 0.11f);
        ink.Hat(0f, -0.76f, 0.5f, -6f);
    }
}
