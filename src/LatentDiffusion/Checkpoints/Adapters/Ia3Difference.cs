using static TorchSharp.torch;

namespace LatentDiffusion.Checkpoints;

/// <summary>
/// (IA)³, ΔW = w·W: learned factors of a layer's inputs or outputs (Liu et al. 2022, section 3.3), stored as their difference from 1, [n]
/// or [1, n, 1, 1], with <c>on_input</c> (<c>lycoris/modules/ia3.py</c>).
/// </summary>
internal sealed class Ia3Difference : WeightDifference
{
    private readonly AdapterTensors _tensors;
    private readonly AdaptedRows _rows;
    private readonly bool _onInput;

    private Ia3Difference(AdapterTensors tensors, AdaptedRows rows, bool onInput) =>
        (_tensors, _rows, _onInput) = (tensors, rows, onInput);

    public static AdapterKind Kind { get; } = new(
        "(IA)³", [AdapterRoles.Ia3Weight, AdapterRoles.OnInput],
        tensors => new[] { AdapterRoles.Ia3Weight, AdapterRoles.OnInput }.Where(role => !tensors.Has(role)),
        Create);

    public override Tensor Compute(Tensor weight)
    {
        Tensor factors = _tensors.Read(AdapterRoles.Ia3Weight).flatten();
        if (!_onInput) factors = factors.narrow(0, _rows.Rows.Start, _rows.Rows.Count);
        long[] shape = [.. Enumerable.Repeat(1L, weight.shape.Length)];
        shape[_onInput ? 1 : 0] = -1;
        return weight.mul(factors.reshape(shape)).MultiplyInPlace(_tensors.ScaleWithoutRank);
    }

    private static Ia3Difference? Create(AdapterTensors tensors, AdaptedRows rows)
    {
        if (rows.Shape.Count < 2) return null;
        bool onInput = tensors.Number(AdapterRoles.OnInput) != 0;
        long expected = onInput ? rows.Shape[1] : rows.TotalRows;
        IReadOnlyList<long> shape = tensors.Shape(AdapterRoles.Ia3Weight);
        bool fits = shape.Count > 0 && shape.Contains(expected) && shape.Aggregate((Int128)1, (product, n) => product * n) == expected;
        return fits ? new Ia3Difference(tensors, rows, onInput) : null;
    }
}
