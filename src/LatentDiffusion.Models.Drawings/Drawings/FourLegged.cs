using SkiaSharp;

namespace LatentDiffusion.Models.Drawings;

/// <summary>The skeleton shared by four-legged animals; each adds its own head, ears, tail and bulk.</summary>
internal abstract class FourLegged : Subject
{
    /// <summary>How stout the body is.</summary>
    protected virtual float Bulk => 1f;

    /// <summary>Where the head is when standing: further up and forward on a longer neck.</summary>
    protected virtual (float X, float Y) StandingHead => (-0.3f, -0.2f);

    /// <summary>How big the head is.</summary>
    protected virtual float HeadSize => 1f;

    public sealed override void Draw(Ink ink, Traits t)
    {
        if (t.OnHindLegs || t.Rock)
        {
            Sit(ink, t, pawsUp: true);
        }
        else if (t.Surface || t.Cape || t.Jewel)
        {
            Sit(ink, t, pawsUp: false);
        }
        else
        {
            Stand(ink, t);
        }
    }

    /// <summary>The tail, rooted at a point and reaching to the right.</summary>
    protected abstract void Tail(Ink ink, Traits t, float x, float y);

    /// <summary>Parts behind the body, such as wings.</summary>
    protected virtual void Behind(Ink ink, Traits t, float x, float y)
    {
    }

    /// <summary>The ears and all else behind the head.</summary>
    protected abstract void Ears(Ink ink, Traits t, float x, float y, float r);

    /// <summary>The outline of the head.</summary>
    protected virtual SKPath Skull(Ink ink, float x, float y, float r) => ink.Ellipse(x, y, r * 1.06f, r * 0.92f);

    /// <summary>The face, and parts in front of the head.</summary>
    protected abstract void Face(Ink ink, Traits t, float x, float y, float r, SKPath skull);

    /// <summary>The lighter belly.</summary>
    protected virtual void Belly(Ink ink, Traits t, SKPath body) =>
        ink.Mark(ink.Ellipse(0f, 0.5f, (t.TwoTone ? 0.31f : 0.25f) * Bulk, t.TwoTone ? 0.42f : 0.34f), t.Second, within: body);

    // From the side, on four legs, the face turned to the viewer.
    private void Stand(Ink ink, Traits t)
    {
        float b = Bulk * t.Body;
        float foot = 0.6f + (0.24f * t.Limb);
        float leg = 0.1f * Bulk;
        Behind(ink, t, 0.1f, 0.06f);
        Tail(ink, t, 0.5f, 0.14f);
        ink.Shape(ink.Tube(leg, leg, -0.06f, 0.35f, -0.09f, foot - 0.12f), t.Main.Far);
        ink.Shape(ink.Tube(leg, leg, 0.33f, 0.35f, 0.32f, foot - 0.12f), t.Main.Far);
        (float headX, float headY) = StandingHead;
        SKPath body = ink.Union(
            ink.Tube(0.24f, 0.14f, -0.12f, 0.26f, headX + 0.08f, headY + 0.1f),
            ink.Ellipse(0.14f, 0.3f, 0.48f, 0.28f * b, 3f),
            ink.Tube(leg * 1.2f, leg, -0.2f, 0.38f, -0.24f, foot - 0.05f),
            ink.Tube(leg * 1.5f, leg, 0.47f, 0.36f, 0.49f, foot - 0.05f));
        ink.Shape(body, t.Main, shading: 0.8f);
        float sock = t.TwoTone ? 0.17f : 0.11f;
        ink.Mark(ink.Ellipse(-0.24f, foot + 0.02f, 0.2f, sock), t.Second, shading: 0.6f, within: body);
        ink.Mark(ink.Ellipse(0.49f, foot + 0.02f, 0.2f, sock), t.Second, shading: 0.6f, within: body);
        ink.Mark(ink.Ellipse(-0.3f, 0.28f, t.TwoTone ? 0.22f : 0.17f, t.TwoTone ? 0.26f : 0.2f), t.Second, within: body);
        if (t.TwoTone)
        {
            ink.Mark(ink.Ellipse(0.14f, 0.6f, 0.32f, 0.2f), t.Second, shading: 0.6f, within: body);
        }

        ink.Line(body, t.Main.Line);
        ink.Line(t.Main.Line, 1f, 0.3f, 0.2f * b, 0.26f, 0.34f, 0.32f, 0.46f);
        Toes(ink, t, -0.26f, foot - 0.02f);
        Toes(ink, t, 0.47f, foot - 0.02f);
        (float x, float y, float r) = (headX, headY + (t.Pose * 0.03f), 0.44f * HeadSize * t.Head);
        SKPath skull = Skull(ink, x, y, r);
        ink.Shadow(skull, body, 0.09f);
        Head(ink, t, skull, x, y, r);
    }

    // From the front, on the haunches: forepaws on the ground, or up in the air.
    private void Sit(Ink ink, Traits t, bool pawsUp)
    {
        float b = Bulk * t.Body;
        ink.Surface(0f, 0.86f, 0.3f + (0.42f * Bulk));
        Behind(ink, t, 0f, -0.02f);
        Tail(ink, t, 0.26f * b, 0.7f);
        ink.Cape(0f, -0.02f, 0.36f * b, 0.9f);
        SKPath body = ink.Blob(
            -0.24f * b, -0.05f, 0.24f * b, -0.05f, 0.36f * b, 0.3f, 0.42f * b, 0.66f, 0.26f * b, 0.85f, -0.26f * b, 0.85f,
            -0.42f * b, 0.66f, -0.36f * b, 0.3f);
        (float x, float y, float r) = (t.Pose * 0.02f, -0.36f, 0.48f * HeadSize * t.Head);
        SKPath skull = Skull(ink, x, y, r);
        ink.Shape(body, t.Main);
        Belly(ink, t, body);
        ink.Shadow(skull, body, 0.1f);
        foreach (float side in Sides)
        {
            ink.Shape(ink.Ellipse(side * 0.38f * b, 0.64f, 0.19f * b, 0.23f, side * -14f), t.Main);
            ink.Shape(ink.Ellipse(side * 0.38f * b, 0.85f, 0.2f * b, 0.1f), pawsUp || t.TwoTone ? t.Second : t.Main);
            Toes(ink, t, side * 0.4f * b, 0.87f);
        }

        ink.Jewel(0f, 0.42f, 0.17f);
        ink.Collar(0f, 0.02f, 0.32f * b);
        ink.Rock(0f, 0.42f, 0.4f);
        foreach (float side in Sides)
        {
            Foreleg(ink, t, side, b, pawsUp);
        }

        Head(ink, t, skull, x, y, r);
    }

    private void Foreleg(Ink ink, Traits t, float side, float b, bool pawsUp)
    {
        float w = 0.085f * (0.6f + (0.4f * Bulk));
        float lift = t.Limb * 0.05f;
        if (t.Rock)
        {
            ink.Shape(ink.Tube(w * 1.2f, w * 1.15f, side * 0.31f * b, 0.1f, side * 0.52f, 0.3f, side * 0.38f, 0.5f), t.Main);
        }
        else if (pawsUp)
        {
            ink.Shape(ink.Tube(w * 1.1f, w * 1.1f, side * 0.28f * b, 0.1f, side * 0.33f * b, 0.3f, side * 0.17f, 0.34f - lift), t.Main);
            ink.Shape(ink.Ellipse(side * 0.15f, 0.37f - lift, 0.1f, 0.115f), t.TwoTone ? t.Second : t.Main);
        }
        else if (t.Jewel)
        {
            Straight(ink.Tube(w, w * 1.15f, side * 0.3f * b, 0.14f, side * 0.36f * b, 0.4f, side * 0.3f * b, 0.8f), side * 0.3f * b);
        }
        else
        {
            Straight(ink.Tube(w, w * 1.15f, side * 0.15f * b, 0.22f, side * 0.14f * b, 0.8f), side * 0.14f * b);
        }

        void Straight(SKPath leg, float footX)
        {
            ink.Shape(leg, t.Main);
            if (t.TwoTone)
            {
                ink.Mark(ink.Ellipse(footX, 0.86f, w * 1.8f, 0.16f), t.Second, shading: 0.6f, within: leg);
                ink.Line(leg, t.Main.Line);
            }

            Toes(ink, t, footX, 0.84f);
        }
    }

    private static void Toes(Ink ink, Traits t, float x, float y)
    {
        foreach (float side in Sides)
        {
            ink.Line(t.Main.Line, 0.8f, x + (side * 0.035f), y, x + (side * 0.04f), y + 0.07f);
        }
    }

    private void Head(Ink ink, Traits t, SKPath skull, float x, float y, float r)
    {
        Ears(ink, t, x, y, r);
        ink.Shape(skull, t.Main, gloss: true);
        Face(ink, t, x, y, r, skull);
        ink.Hat(x, y - (r * 0.68f), r * 0.72f, -7f);
    }
}
