namespace LatentDiffusion.Models.Drawings;

/// <summary>An endless, deterministic source of captioned drawings; safe to use from many threads.</summary>
public sealed class DrawingSource
{
    private const float UnsaidColorShare = 0.3f;
    private readonly ulong seed;
    private readonly DrawingSplit split;
    private readonly int size;

    // What there is to choose from: subjects, in them attributes, in them the combinations of every colour.
    private readonly DrawingCombination[][][] choices;

    /// <summary>Opens the source.</summary>
    /// <param name="seed">Different seeds give different drawings.</param>
    /// <param name="split">Which combinations to draw.</param>
    /// <param name="size">The width and height in pixels.</param>
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
    /// Draws the drawing of an index: the subject is chosen first, those of <see cref="DrawingCatalog.Prompts"/> twice as
    /// often as others, then the attribute, then the colour.
    /// </summary>
    /// <param name="index">The number of the drawing.</param>
    /// <returns>The drawing.</returns>
    public Drawing Draw(long index)
    {
        DrawingRandom random = new(seed, (ulong)split, (ulong)index);
        DrawingCombination[] colors = random.Pick(random.Pick(choices));
        DrawingCombination[] said = [.. colors.Where(c => c.Color.Length > 0)];
        bool leaveOpen = said.Length < colors.Length && (said.Length == 0 || random.Unit() < UnsaidColorShare);
        DrawingCombination combination = leaveOpen ? colors.First(c => c.Color.Length == 0) : random.Pick(said);
        return Paint(combination, random);
    }

    /// <summary>Draws a given combination.</summary>
    /// <param name="combination">A combination of the catalogue, of either split.</param>
    /// <param name="index">The number of the variation.</param>
    /// <returns>The drawing.</returns>
    public Drawing Draw(DrawingCombination combination, long index)
    {
        ArgumentNullException.ThrowIfNull(combination);
        return Paint(combination, new DrawingRandom(seed, (ulong)split, StableHash.Of(combination), (ulong)index));
    }

    private Drawing Paint(DrawingCombination combination, DrawingRandom random)
    {
        SubjectEntry entry = SubjectTable.Find(combination.Subject);
        if (!entry.Attributes.Contains(combination.Attribute))
        {
            throw new ArgumentException($"No {combination.Subject} is drawn '{combination.Attribute}'.", nameof(combination));
        }

        string color = PaintedColor(combination, random);
        DrawingTemplate template = (DrawingTemplate)random.Below(4);
        Traits traits = new(color, combination.Attribute, random);
        byte[] rgb = Easel.Paint(entry.Artist, traits, size);
        return new Drawing(combination.Caption(template), combination, color, size, rgb);
    }

    // A drawing whose caption leaves the colour open must not show a held-out picture: it takes a colour of training.
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
