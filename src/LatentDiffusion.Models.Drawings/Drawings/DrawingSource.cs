namespace LatentDiffusion.Models.Drawings;

/// <summary>An infinite, deterministic source of captioned drawings. Safe for concurrent use.</summary>
/// <example>
/// <code>
/// using LatentDiffusion;
/// using LatentDiffusion.Models.Drawings;
///
/// DrawingSource source = new(seed: 1, size: 256);
/// Drawing drawing = source.Draw(index: 0);
/// Console.WriteLine(drawing.Caption);
/// ImageBuffer image = new(drawing.Size, drawing.Size, drawing.Rgb.Span);
/// File.WriteAllBytes("drawing.png", new SkiaImageCodec().EncodePng(image));
/// </code>
/// </example>
public sealed class DrawingSource
{
    private const float OpenColorFraction = 0.3f;
    private readonly ulong seed;
    private readonly DrawingSplit split;
    private readonly int size;

    // The choices: subjects, in them attributes, in them the combinations of every colour.
    private readonly DrawingCombination[][][] choices;

    /// <summary>Creates a source.</summary>
    /// <param name="seed">Seed of the drawings.</param>
    /// <param name="split">Which combinations to draw. Default <see cref="DrawingSplit.Training"/>.</param>
    /// <param name="size">Width and height in pixels, at least 16. Default 128.</param>
    public DrawingSource(ulong seed, DrawingSplit split = DrawingSplit.Training, int size = 128)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(size, 16);
        this.seed = seed;
        this.split = split;
        this.size = size;
        IReadOnlyList<DrawingCombination> all =
            split == DrawingSplit.Training ? DrawingCatalog.Training : DrawingCatalog.HeldOut;
        DrawingCombination[][][] once = [.. all.GroupBy(c => c.Subject).Select(subject =>
            subject.GroupBy(c => c.Attribute).Select(attribute => attribute.ToArray()).ToArray())];
        choices = [.. once, .. once.Where(subject => DrawingCatalog.Prompted.Contains(subject[0][0].Subject))];
    }

    /// <summary>
    /// Draws the drawing with an index. The subject is chosen first, those of <see cref="DrawingCatalog.Prompts"/> twice as
    /// often as others, then the attribute, then the colour.
    /// </summary>
    /// <param name="index">Index of the drawing.</param>
    /// <returns>The drawing.</returns>
    public Drawing Draw(long index)
    {
        DrawingRandom random = new(seed, (ulong)split, (ulong)index);
        DrawingCombination[] colors = random.Pick(random.Pick(choices));
        DrawingCombination[] said = [.. colors.Where(c => c.Color.Length > 0)];
        bool leaveOpen = said.Length < colors.Length && (said.Length == 0 || random.Unit() < OpenColorFraction);
        DrawingCombination combination = leaveOpen ? colors.First(c => c.Color.Length == 0) : random.Pick(said);
        return Paint(combination, random);
    }

    /// <summary>Draws a given combination.</summary>
    /// <param name="combination">A combination from <see cref="DrawingCatalog"/>, of either split.</param>
    /// <param name="index">Index of the variation.</param>
    /// <returns>The drawing.</returns>
    /// <exception cref="ArgumentException">The subject is unknown or does not have the attribute.</exception>
    public Drawing Draw(DrawingCombination combination, long index)
    {
        ArgumentNullException.ThrowIfNull(combination);
        return Paint(combination, new DrawingRandom(seed, (ulong)split, StableHash.Compute(combination), (ulong)index));
    }

    private Drawing Paint(DrawingCombination combination, DrawingRandom random)
    {
        SubjectEntry entry = SubjectTable.Find(combination.Subject);
        if (!entry.Attributes.Contains(combination.Attribute))
        {
            throw new ArgumentException(
                $"A {combination.Subject} cannot be drawn '{combination.Attribute}'.", nameof(combination));
        }

        string color = PaintedColor(combination, random);
        DrawingTemplate template = (DrawingTemplate)random.Below(4);
        Traits traits = new(color, combination.Attribute, random);
        byte[] rgb = Easel.Paint(entry.Artist, traits, size);
        return new Drawing(combination.Caption(template), combination, color, size, rgb);
    }

    // A drawing whose caption leaves the colour open must not show a held-out combination: it takes a training colour.
    private static string PaintedColor(DrawingCombination combination, DrawingRandom random)
    {
        if (combination.Color.Length > 0)
        {
            return combination.Color;
        }

        string[] open = [.. DrawingCatalog.Colors.Where(c => !DrawingCatalog.IsHeldOut(combination with { Color = c }))];
        return random.Pick(open);
    }
}
