namespace LatentDiffusion.Checkpoints;

/// <summary>The parameter that an adapter changes, as rows of the module that the file has.</summary>
/// <param name="Shape">Shape of the parameter.</param>
/// <param name="Rows">Its rows in the file's module.</param>
/// <param name="TotalRows">Rows of that module: more where the file has several modules as one.</param>
internal sealed record AdaptedRows(IReadOnlyList<long> Shape, RowRange Rows, long TotalRows)
{
    /// <summary>Shape of the weight of the file's module.</summary>
    public IReadOnlyList<long> ModuleShape => [TotalRows, .. Shape.Skip(1)];

    /// <summary>Inputs of each row, with the positions of the kernel.</summary>
    public long Columns => Shape.Skip(1).Aggregate(1L, (product, n) => product * n);

    /// <summary>Whether the parameter is of the file's whole module.</summary>
    public bool IsWhole => Rows.Count == TotalRows;

    /// <summary>Whether it is a matrix, or a kernel of one position.</summary>
    public bool IsPoint => Shape.Count >= 2 && Shape.Skip(2).All(d => d == 1);
}
