using SkiaSharp;

namespace LatentDiffusion.Models.Drawings;

/// <summary>A stuffed animal: sitting with its soles to the front, with button eyes and seams.</summary>
internal sealed class StuffedAnimal : Subject
{
    public override void Draw(Ink ink, Traits t)
    {
        float b = t.Body;
        ink.Surface(0f, 0.82f, 0.78f);
        ink.Cape(0f, -0.04f, 0.46f, 0.84f);
        SKPath body = ink.Blob(
            -0.26f * b, -0.05f, 0.26f * b, -0.05f, 0.43f * b, 0.34f, 0.34f * b, 0.74f, 0f, 0.84f, -0.34f * b, 0.74f,
            -0.43f * b, 0.34f);
        if (!t.Rock)
        {
            foreach (float side in Sides)
            {
                (float handX, float handY) = (side * 0.62f * t.Limb, 0.42f + (t.Pose * 0.04f));
                SKPath arm = ink.Tube(0.13f, 0.15f, side * 0.3f, 0.12f, side * 0.52f, 0.26f, handX, handY);
                ink.Shape(arm, t.Main);
                if (t.TwoTone)
                {
                    ink.Mark(ink.Ellipse(handX + (side * 0.04f), handY + 0.06f, 0.2f, 0.17f), t.Second, shading: 0.6f, within: arm);
                    ink.Line(arm, t.Main.Line);
                }
            }
        }

        ink.Shape(body, t.Main);
        ink.Mark(ink.Ellipse(0f, 0.42f, (t.TwoTone ? 0.32f : 0.27f) * b, t.TwoTone ? 0.38f : 0.32f), t.Second, within: body);
        Seam(ink, t, 0f, 0.14f, 0f, 0.72f, 5);
        ink.Jewel(0f, 0.38f, 0.17f);
        ink.Collar(0f, 0.02f, 0.34f);
        foreach (float side in Sides)
        {
            float x = side * 0.48f * t.Limb;
            ink.Shape(ink.Ellipse(x, 0.68f, 0.26f, 0.26f), t.Main);
            ink.Mark(ink.Ellipse(x + (side * 0.02f), 0.7f, 0.16f, 0.17f), t.Second);
            Seam(ink, t, x - 0.1f, 0.64f, x + 0.12f, 0.64f, 3);
        }

        ink.Rock(0f, 0.38f, 0.4f);
        if (t.Rock)
        {
            foreach (float side in Sides)
            {
                ink.Shape(ink.Tube(0.12f, 0.13f, side * 0.32f, 0.1f, side * 0.54f, 0.24f, side * 0.4f, 0.44f), t.Main);
            }
        }

        Head(ink, t);
    }

    private static void Head(Ink ink, Traits t)
    {
        float r = 0.5f * t.Head;
        const float y = -0.42f;
        foreach (float side in Sides)
        {
            float ear = 0.2f * t.Ear;
            ink.Shape(ink.Ellipse(side * r * 0.8f, y - (r * 0.74f), ear, ear), t.Main);
            ink.Mark(ink.Ellipse(side * r * 0.78f, y - (r * 0.7f), ear * 0.6f, ear * 0.6f), t.Second);
        }

        ink.Shape(ink.Ellipse(0f, y, r * 1.08f, r * 0.95f), t.Main, gloss: true);
        Seam(ink, t, 0f, y - (r * 0.88f), 0f, y - (r * 0.25f), 4);
        ink.Shape(ink.Ellipse(0f, y + (r * 0.42f), r * 0.46f, r * 0.36f), t.Second, shading: 0.6f);
        ink.Cheeks(0f, y + (r * 0.35f), r * 0.75f, r * 0.15f);
        ink.Spectacles(0f, y, r * 0.44f, r * 0.36f, () =>
        {
            Button(ink, t, -r * 0.44f, y, r * 0.24f);
            Button(ink, t, r * 0.44f, y, r * 0.24f);
        });
        ink.Nose(0f, y + (r * 0.28f), r * 0.14f, Palette.Dark);
        ink.Muzzle(0f, y + (r * 0.47f), r * 0.2f);
        if (!t.Cape && !t.Jewel && !t.Rock)
        {
            // A ribbon round the neck, which no living animal of the catalogue wears.
            Tones ribbon = t.Color.StartsWith("red", StringComparison.Ordinal) ? Palette.Gold : Palette.RedCloth;
            ink.Shape(ink.Corners(0.15f, 0f, 0.06f, -0.22f, -0.06f, -0.22f, 0.2f), ribbon);
            ink.Shape(ink.Corners(0.15f, 0f, 0.06f, 0.22f, -0.06f, 0.22f, 0.2f), ribbon);
            ink.Shape(ink.Ellipse(0f, 0.06f, 0.06f, 0.07f), ribbon);
        }

        ink.Hat(0f, y - (r * 0.72f), r * 0.74f, -6f);
    }

    private static void Button(Ink ink, Traits t, float x, float y, float r)
    {
        if (t.IsDark && !t.Glasses)
        {
            ink.Fill(ink.Ellipse(x, y, r * 1.45f, r * 1.5f), t.Second.Fill);
        }

        ink.Fill(ink.Ellipse(x, y, r, r), Palette.Dark);
        ink.Fill(ink.Ellipse(x, y, r * 0.68f, r * 0.68f), new SKColor(0x46, 0x40, 0x58));
        ink.Fill(ink.Ellipse(x - (r * 0.3f), y - (r * 0.34f), r * 0.36f, r * 0.36f), SKColors.White);
        ink.Fill(ink.Ellipse(x + (r * 0.3f), y + (r * 0.34f), r * 0.18f, r * 0.18f), SKColors.White);
    }

    private static void Seam(Ink ink, Traits t, float x0, float y0, float x1, float y1, int stitches)
    {
        for (int i = 0; i < stitches; i++)
        {
            float a = (i + 0.2f) / stitches;
            float b = (i + 0.8f) / stitches;
            ink.Line(t.Main.Line, 1f, x0 + ((x1 - x0) * a), y0 + ((y1 - y0) * a), x0 + ((x1 - x0) * b), y0 + ((y1 - y0) * b));
        }
    }
}
