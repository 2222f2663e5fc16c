using SkiaSharp;

namespace LatentDiffusion.Models.Drawings;

/// <summary>A woman with long hair in a dress of the drawing's colour.</summary>
internal sealed class Woman : Subject
{
    private const float HeadY = -0.5f;

    private static readonly Tones[] Skins =
        [Tones.FromHsl(26f, 0.85f, 0.84f), Tones.FromHsl(26f, 0.6f, 0.72f), Tones.FromHsl(24f, 0.45f, 0.5f)];
    private static readonly Tones[] Hairs =
    [
        Tones.FromHsl(28f, 0.45f, 0.27f), Tones.FromHsl(250f, 0.12f, 0.2f), Tones.FromHsl(44f, 0.75f, 0.62f),
        Tones.FromHsl(16f, 0.65f, 0.4f),
    ];

    public override void Draw(Ink ink, Traits t)
    {
        Tones skin = Skins[t.Detail < 0.6f ? 0 : t.Detail < 0.8f ? 1 : 2];
        Tones hair = Hairs[t.Hair];
        float h = 1.2f * t.Head;
        float arm = t.Pose * 0.05f;
        ink.Cape(0f, -0.14f, 0.38f, 0.96f);
        ink.Shape(
            ink.Blob(
                -0.46f * h, HeadY, -0.38f * h, HeadY - (0.36f * h), 0f, HeadY - (0.54f * h), 0.38f * h, HeadY - (0.36f * h),
                0.46f * h, HeadY, 0.48f * h, -0.1f, 0.4f, 0.18f * t.Ear, 0f, 0.05f, -0.4f, 0.18f * t.Ear, -0.48f * h, -0.1f),
            hair);
        foreach (float side in Sides)
        {
            ink.Shape(ink.Tube(0.07f, 0.06f, side * 0.13f, 0.6f, side * 0.13f, 1.02f), skin);
            ink.Shape(ink.Ellipse(side * 0.15f, 1.08f, 0.13f, 0.08f), t.Main);
        }

        ink.Shape(ink.Tube(0.07f, 0.07f, 0f, -0.25f, 0f, -0.05f), skin);
        if (!t.Rock)
        {
            foreach (float side in Sides)
            {
                ink.Shape(ink.Tube(0.075f, 0.065f, side * 0.2f, 0.02f, side * 0.4f, 0.2f, side * (0.54f + arm), 0.4f), skin);
            }
        }

        SKPath dress = ink.Blob(
            -0.17f, -0.08f, 0.17f, -0.08f, 0.25f, 0.06f, 0.19f, 0.28f, 0.38f, 0.6f, 0.55f * t.Body, 0.84f, 0.2f, 0.9f, 0f, 0.87f,
            -0.2f, 0.9f, -0.55f * t.Body, 0.84f, -0.38f, 0.6f, -0.19f, 0.28f, -0.25f, 0.06f);
        ink.Shape(dress, t.Main);
        float hem = t.TwoTone ? 0.64f : 0.78f;
        ink.Mark(
            ink.Blob(
                -0.8f, hem - 0.07f, 0f, hem, 0.8f, hem - 0.07f, 0.8f, 1.1f, -0.8f, 1.1f),
            t.Second, shading: 0.3f, within: dress);
        ink.Line(dress, t.Main.Line);
        ink.Line(t.Main.Line, 1f, -0.12f, 0.42f, -0.16f, 0.6f, -0.22f, 0.8f);
        ink.Line(t.Main.Line, 1f, 0.12f, 0.42f, 0.16f, 0.6f, 0.22f, 0.8f);
        ink.Shape(ink.Corners(0.2f, -0.2f, 0.24f, 0.2f, 0.24f, 0.21f, 0.34f, -0.21f, 0.34f), t.Second);
        ink.Shape(ink.Blob(-0.2f, -0.06f, 0f, -0.03f, 0.2f, -0.06f, 0.14f, 0.08f, 0f, 0.04f, -0.14f, 0.08f), t.Second);
        ink.Collar(0f, -0.08f, 0.26f);
        if (t.Rock)
        {
            ink.Rock(0f, 0.3f, 0.36f);
            foreach (float side in Sides)
            {
                ink.Shape(ink.Tube(0.085f, 0.07f, side * 0.22f, 0.02f, side * 0.4f, 0.22f, side * 0.36f, 0.46f, side * 0.2f, 0.5f), skin);
            }
        }

        Head(ink, t, skin, hair, h);
    }

    private static void Head(Ink ink, Traits t, Tones skin, Tones hair, float h)
    {
        const float y = HeadY;
        ink.Shape(
            ink.Blob(
                -0.36f * h, y - 0.1f, 0f, y - (0.4f * h), 0.36f * h, y - 0.1f, 0.3f * h, y + 0.16f, 0.1f * h, y + (0.32f * h),
                -0.1f * h, y + (0.32f * h), -0.3f * h, y + 0.16f),
            skin);
        ink.Cheeks(0f, y + 0.18f, 0.24f * h, 0.07f);
        ink.Eyes(0f, y + 0.03f, 0.165f * h, 0.118f);
        ink.Mouth(0f, y + (0.2f * h), 0.075f);
        ink.Shape(
            ink.Blob(
                -0.42f * h, y + 0.1f, -0.43f * h, y - (0.14f * h), -0.3f * h, y - (0.4f * h), 0f, y - (0.51f * h),
                0.3f * h, y - (0.4f * h), 0.43f * h, y - (0.14f * h), 0.42f * h, y + 0.1f,
                0.33f * h, y - 0.08f, 0.16f * h, y - 0.2f, -0.06f * h, y - 0.13f, -0.14f * h, y - 0.24f, -0.32f * h, y - 0.08f),
            hair);
        ink.Highlight(-0.17f * h, y - (0.37f * h), 0.07f, hair.Light);
        ink.Hat(0f, y - (0.37f * h), 0.54f, -5f);
    }
}
