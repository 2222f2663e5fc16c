namespace LatentDiffusion.Checkpoints;

/// <summary>One tensor of a network, and where it lies in a file.</summary>
/// <param name="Name">The network's name for it.</param>
/// <param name="Stored">The file's tensor.</param>
/// <param name="View">How it lies in that.</param>
internal sealed record MappedTensor(string Name, TensorEntry Stored, TensorView View = TensorView.Same)
{
    /// <summary>What the network sees.</summary>
    /// <exception cref="FormatException">The stored tensor has no such view.</exception>
    public TensorEntry Entry =>
        Stored with { Name = Name, Shape = Shape(), ByteLength = IsThird ? Stored.ByteLength / 3 : Stored.ByteLength };

    /// <summary>Whether it is one of three.</summary>
    public bool IsThird => View is TensorView.FirstThird or TensorView.SecondThird or TensorView.LastThird;

    private IReadOnlyList<long> Shape() => (View, Stored.Shape) switch
    {
        (TensorView.Same, var shape) => shape,
        (TensorView.Transposed, [var rows, var columns]) => [columns, rows],
        (TensorView.Matrix, [var rows, var columns, 1, 1]) => [rows, columns],
        (TensorView.Matrix, var shape) => shape,
        (_, { Count: > 0 } shape) when IsThird && shape[0] % 3 == 0 => [shape[0] / 3, .. shape.Skip(1)],
        _ => throw new FormatException($"'{Stored.Name}' is [{string.Join(", ", Stored.Shape)}], which cannot be {Name}."),
    };
}
