namespace LatentDiffusion.Models.Drawings;

/// <summary>All subjects, colours and attributes that can be drawn, and the combinations held out from training.</summary>
public static class DrawingCatalog
{
    private static readonly HashSet<DrawingCombination> Reserved =
    [
        new("star", "", AttributeNames.Jewel),
        new("woman", "", AttributeNames.RedCape),
        new("dragon", "", AttributeNames.HindLegs),
        new("sea turtle", "blue", AttributeNames.Rock),
        new("bird", "blue and white", AttributeNames.Wings),
        new("stuffed animal", "blue and white", AttributeNames.Surface),
    ];

    /// <summary>The subjects of the six prompts.</summary>
    internal static IReadOnlySet<string> Prompted { get; } = Reserved.Select(combination => combination.Subject).ToHashSet();

    /// <summary>The subjects.</summary>
    public static IReadOnlyList<string> Subjects { get; } = [.. SubjectTable.Entries.Select(entry => entry.Name)];

    /// <summary>The colours that can be painted, without the empty one.</summary>
    public static IReadOnlyList<string> Colors { get; } =
    [
        "red", "orange", "yellow", "green", "blue", "purple", "pink", "brown", "gray", "black",
        "blue and white", "red and white",
    ];

    /// <summary>The attributes, the empty one first.</summary>
    public static IReadOnlyList<string> Attributes { get; } =
    [
        AttributeNames.None, AttributeNames.Jewel, AttributeNames.RedCape, AttributeNames.BlueCape,
        AttributeNames.HindLegs, AttributeNames.Rock, AttributeNames.Wings, AttributeNames.Surface,
        AttributeNames.Hat, AttributeNames.Glasses,
    ];

    /// <summary>The six prompts, each the caption of a held-out combination.</summary>
    public static IReadOnlyList<string> Prompts { get; } =
    [
        "a drawing of a star with a jewel in the center",
        "a drawing of a woman in a red cape",
        "a drawing of a dragon sitting on its hind legs",
        "a drawing of a blue sea turtle holding a rock",
        "a blue and white bird with its wings spread",
        "a blue and white stuffed animal sitting on top of a white surface",
    ];

    /// <summary>All valid combinations, including those that leave the colour open.</summary>
    public static IReadOnlyList<DrawingCombination> Combinations { get; } =
    [
        .. from entry in SubjectTable.Entries
           from attribute in entry.Attributes
           from color in (IEnumerable<string>)["", .. Colors]
           select new DrawingCombination(entry.Name, color, attribute),
    ];

    /// <summary>The combinations that a model is trained on.</summary>
    public static IReadOnlyList<DrawingCombination> Training { get; } =
        [.. Combinations.Where(combination => !IsHeldOut(combination))];

    /// <summary>The combinations held out from training.</summary>
    public static IReadOnlyList<DrawingCombination> HeldOut { get; } = [.. Combinations.Where(IsHeldOut)];

    /// <summary>
    /// Whether a combination is held out: the six prompts, and a tenth of all others by a hash of their words.
    /// The hash function is implemented here, so that the split never changes.
    /// </summary>
    /// <param name="combination">The combination.</param>
    /// <returns>Whether it is held out.</returns>
    public static bool IsHeldOut(DrawingCombination combination)
    {
        ArgumentNullException.ThrowIfNull(combination);
        return Reserved.Contains(combination) || StableHash.Compute(combination) % 10 == 0;
    }
}
