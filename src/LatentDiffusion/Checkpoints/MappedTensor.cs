namespace LatentDiffusion.Checkpoints;

/// <summary>A tensor of a network and the tensor of a file that contains it.</summary>
/// <param name="Name">Name of the tensor in the network.</param>
/// <param name="Stored">The tensor of the file.</param>
/// <param name="View">Which view of the stored tensor it is.</param>
internal sealed record MappedTensor(string Name, TensorEntry Stored, TensorView View = TensorView.Same)
{
    /// <summary>The rows of the stored tensor that it consists of, one range after the other; null, the default, for all.</summary>
    public IReadOnlyList<RowRange>? Rows { get; init; }

    /// <summary>The tensor as the network sees it.</summary>
    /// <exception cref="FormatException">The stored tensor has no such view, or lacks the rows.</exception>
    public TensorEntry Entry
    {
        get
        {
            IReadOnlyList<long> shape = Shape();
            return Stored with { Name = Name, Shape = shape, ByteLength = Rows is null ? Stored.ByteLength : BytesOf(shape[0]) };
        }
    }

    private long BytesOf(long rows) => Stored.Shape[0] == 0 ? 0 : Stored.ByteLength / Stored.Shape[0] * rows;

    private IReadOnlyList<long> Shape() => (View, Rows, Stored.Shape) switch
    {
        (TensorView.Same, null, var shape) => shape,
        (TensorView.Transposed, null, [var rows, var columns]) => [columns, rows],
        (TensorView.Matrix, null, [var rows, var columns, 1, 1]) => [rows, columns],
        (TensorView.Matrix, null, var shape) => shape,
        (TensorView.Same, { } ranges, [var all, ..] shape) when ranges.All(range => Fits(range, all)) =>
            [ranges.Sum(range => range.Count), .. shape.Skip(1)],
        _ => throw new FormatException($"'{Stored.Name}' is [{string.Join(", ", Stored.Shape)}], which cannot be {Name}."),
    };

    private static bool Fits(RowRange range, long rows) => range.Start >= 0 && range.Count >= 0 && range.Start <= rows - range.Count;
}
