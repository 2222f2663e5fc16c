namespace LatentDiffusion.Checkpoints;

/// <summary>A kind of adapter: which tensors it has, and how it is made of them.</summary>
/// <param name="Name">Its name, for messages.</param>
/// <param name="Roles">The roles of its own tensors, in the order in which messages list their shapes.</param>
/// <param name="Missing">The roles that are missing next to those that a file has.</param>
/// <param name="Create">Makes it; null where the shapes do not fit each other and the parameter.</param>
internal sealed record AdapterKind(
    string Name,
    IReadOnlyList<string> Roles,
    Func<AdapterTensors, IEnumerable<string>> Missing,
    Func<AdapterTensors, AdaptedRows, WeightDifference?> Create)
{
    /// <summary>All kinds. A module may have several: their differences are added.</summary>
    public static IReadOnlyList<AdapterKind> All { get; } =
    [
        LowRankDifference.Kind, LohaDifference.Kind, LokrDifference.Kind, OftDifference.Kind, Ia3Difference.Kind, FullDifference.Kind,
    ];

    /// <summary>The kinds that a module's tensors belong to.</summary>
    public static AdapterKind[] Of(AdapterTensors tensors) => [.. All.Where(kind => kind.Roles.Any(tensors.Has))];

    /// <summary>The shapes of its tensors, for messages.</summary>
    public string Describe(AdapterTensors tensors) =>
        string.Join(" and ", Roles.Where(tensors.Has).Select(role => $"[{string.Join(", ", tensors.Shape(role))}]"));
}
