namespace Lab;

/// <summary>A line of a plot.</summary>
/// <param name="Name">Name in the legend.</param>
/// <param name="X">Positions.</param>
/// <param name="Y">Values.</param>
internal sealed record Curve(string Name, IReadOnlyList<double> X, IReadOnlyList<double> Y)
{
    /// <summary>Half widths of intervals; null for none.</summary>
    public IReadOnlyList<double>? Margin { get; init; }

    /// <summary>Whether points are marked.</summary>
    public bool HasMarkers { get; init; }

    /// <summary>Whether points are connected.</summary>
    public bool HasLine { get; init; } = true;

    /// <summary>Whether it is in the background: thin and without a name.</summary>
    public bool IsFaint { get; init; }

    /// <summary>Number of its colour; null for that of its place.</summary>
    public int? Color { get; init; }
}
