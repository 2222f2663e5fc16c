using static TorchSharp.torch;

namespace LatentDiffusion.Checkpoints;

/// <summary>
/// DoRA: the rows or columns of W + ΔW get trained lengths m, ΔW′ = m·(W + ΔW)/‖W + ΔW‖ − W (Liu et al. 2024, equation 5), with the ΔW of
/// another adapter. LyCORIS has lengths of columns, [1, in, …], or of rows, [out, 1, …] (<c>lycoris/modules/locon.py</c>,
/// <c>wd_on_out</c>); peft has those of rows, [out] (<c>peft/tuners/lora/dora.py</c>).
/// </summary>
internal sealed class DoraDifference : WeightDifference
{
    // The least length, which LyCORIS adds, too.
    private const double Epsilon = 1.1920929e-07;

    private readonly AdapterTensors _tensors;
    private readonly WeightDifference _direction;
    private readonly AdaptedRows _rows;
    private readonly bool _ofRows;
    private readonly string _role;

    private DoraDifference(AdapterTensors tensors, WeightDifference direction, AdaptedRows rows, string role, bool ofRows) =>
        (_tensors, _direction, _rows, _role, _ofRows) = (tensors, direction, rows, role, ofRows);

    /// <summary>The role of the lengths in a file; null where it has none.</summary>
    public static string? Role(AdapterTensors tensors) =>
        tensors.Has(AdapterRoles.DoraScale) ? AdapterRoles.DoraScale
        : tensors.Has(AdapterRoles.Magnitude) ? AdapterRoles.Magnitude
        : null;

    /// <summary>Gives a changed weight the lengths; null where their shape does not fit the parameter.</summary>
    /// <param name="tensors">The tensors of the module.</param>
    /// <param name="direction">The other adapter.</param>
    /// <param name="rows">The parameter.</param>
    public static DoraDifference? Create(AdapterTensors tensors, WeightDifference direction, AdaptedRows rows)
    {
        if (Role(tensors) is not { } role || rows.Shape.Count < 2) return null;
        IReadOnlyList<long> shape = tensors.Shape(role);
        bool single = shape.Count == 1 || shape.Where((_, i) => i != LongAxis(shape)).All(d => d == 1);
        if (!single) return null;
        long length = shape.Aggregate(1L, (product, n) => product * n);
        // peft has convolutions' lengths as [1, out, 1, 1].
        bool ofRows = role == AdapterRoles.Magnitude || shape.Count == 1 || LongAxis(shape) == 0 && (shape[0] > 1 || rows.TotalRows == 1);
        if (ofRows) return length == rows.TotalRows ? new DoraDifference(tensors, direction, rows, role, true) : null;
        // A column's length is of all rows of the file's module.
        return length == rows.Shape[1] && rows.IsWhole ? new DoraDifference(tensors, direction, rows, role, false) : null;

        static int LongAxis(IReadOnlyList<long> shape) => shape.Index().FirstOrDefault(d => d.Item != 1, (Index: 0, Item: 1)).Index;
    }

    public override Tensor Compute(Tensor weight)
    {
        Tensor changed = weight.Add(_direction.Compute(weight));
        long[] others = [.. Enumerable.Range(0, _rows.Shape.Count).Where(d => d != (_ofRows ? 0 : 1)).Select(d => (long)d)];
        Tensor lengths = changed.mul(changed).sum(others, keepdim: true).sqrt().Add(Epsilon);
        Tensor trained = _tensors.Read(_role).flatten();
        if (_ofRows) trained = trained.narrow(0, _rows.Rows.Start, _rows.Rows.Count);
        return changed.mul_(trained.reshape(lengths.shape).div_(lengths)).sub_(weight);
    }
}
