namespace LatentDiffusion.Checkpoints;

/// <summary>A tensor of a network and the tensor of a file that contains it.</summary>
/// <param name="Name">Name of the tensor in the network.</param>
/// <param name="Stored">The tensor of the file.</param>
/// <param name="View">Which view of the stored tensor it is.</param>
internal sealed record MappedTensor(string Name, TensorEntry Stored, TensorView View = TensorView.Same)
{
    /// <summary>What the network sees.</summary>
    /// <exception cref="FormatException">The stored tensor has no such view.</exception>
    public TensorEntry Entry =>
        Stored with { Name = Name, Shape = Shape(), ByteLength = IsThird ? Stored.ByteLength / 3 : Stored.ByteLength };

    /// <summary>Whether the tensor is a third of the stored one.</summary>
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
