namespace LatentDiffusion.Models.Drawings;

/// <summary>Something that can draw itself; it keeps no state, so one instance serves every thread.</summary>
internal abstract class Subject
{
    /// <summary>Left and right, for parts that come in pairs.</summary>
    protected static readonly float[] Sides = [-1f, 1f];

    /// <summary>
    /// Draws all the parts, back to front. It is called twice for a drawing, first to measure and then to paint,
    /// so it must do the same both times: whatever varies comes from the traits.
    /// </summary>
    public abstract void Draw(Ink ink, Traits t);
}
