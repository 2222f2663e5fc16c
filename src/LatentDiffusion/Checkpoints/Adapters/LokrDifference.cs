using static TorchSharp.torch;

namespace LatentDiffusion.Checkpoints;

/// <summary>
/// LoKr, ΔW = α/rank·w1⊗w2: a Kronecker product (Yeh et al. 2023, section 3.2; <c>lycoris/modules/lokr.py</c>). Each of both is stored
/// whole or as two factors; <c>w2</c> holds the kernel of a convolution, also as <c>lokr_t2</c> between its factors. The rank is that of
/// the factors; where both are whole, the factor is 1.
/// </summary>
internal sealed class LokrDifference : WeightDifference
{
    private const string First = "lokr_w1", FirstA = "lokr_w1_a", FirstB = "lokr_w1_b";
    private const string Second = "lokr_w2", SecondA = "lokr_w2_a", SecondB = "lokr_w2_b", SecondKernel = "lokr_t2";

    private readonly AdapterTensors _tensors;
    private readonly AdaptedRows _rows;
    private readonly double _scale;

    private LokrDifference(AdapterTensors tensors, AdaptedRows rows)
    {
        (_tensors, _rows) = (tensors, rows);
        string? factor = tensors.Has(SecondB) ? SecondB : tensors.Has(FirstB) ? FirstB : null;
        _scale = factor is null ? tensors.ScaleWithoutRank : tensors.Scale(tensors.Shape(factor)[0]);
    }

    public static AdapterKind Kind { get; } = new(
        "LoKr", [First, FirstA, FirstB, Second, SecondA, SecondB, SecondKernel],
        tensors =>
        [
            .. Missing(tensors, First, FirstA, FirstB),
            .. Missing(tensors, Second, SecondA, SecondB, tensors.Has(SecondKernel)),
        ],
        Create);

    public override Tensor Compute(Tensor weight)
    {
        Tensor first = _tensors.Has(First) ? _tensors.Read(First) : _tensors.Read(FirstA).matmul(_tensors.Read(FirstB));
        Tensor second = _tensors.Has(Second)
            ? _tensors.Read(Second)
            : FactoredMatrix.Compute(_tensors, SecondA, SecondB, SecondKernel);
        // Both indices of inputs stand before the kernel's, so that the kernel may be part of the second.
        return first.kron(second.flatten(1).contiguous())
            .MultiplyInPlace(_scale)
            .narrow(0, _rows.Rows.Start, _rows.Rows.Count)
            .reshape([.. _rows.Shape]);
    }

    private static IEnumerable<string> Missing(AdapterTensors tensors, string whole, string a, string b, bool factored = false)
    {
        if (tensors.Has(whole)) return [];
        return tensors.Has(a) || tensors.Has(b) || factored
            ? new[] { a, b }.Where(role => !tensors.Has(role))
            : [whole];
    }

    private static LokrDifference? Create(AdapterTensors tensors, AdaptedRows rows)
    {
        // A file that has both forms of one would be ambiguous.
        if (tensors.Has(First) && (tensors.Has(FirstA) || tensors.Has(FirstB))) return null;
        if (tensors.Has(Second) && (tensors.Has(SecondA) || tensors.Has(SecondB) || tensors.Has(SecondKernel))) return null;
        IReadOnlyList<long>? first = tensors.Has(First)
            ? tensors.Shape(First)
            : FactoredMatrix.Shape(tensors, FirstA, FirstB, "");
        IReadOnlyList<long>? second = tensors.Has(Second)
            ? tensors.Shape(Second)
            : FactoredMatrix.Shape(tensors, SecondA, SecondB, SecondKernel);
        if (first is not { Count: 2 } || second is not { Count: >= 2 } || rows.Shape.Count < 2) return null;
        long columns = second.Skip(1).Aggregate(1L, (product, n) => product * n);
        bool kernelFits = second.Count == 2
            || second.Skip(2).SequenceEqual(rows.Shape.Skip(2))
            || (rows.IsPoint && second.Skip(2).All(d => d == 1));
        return kernelFits && Product(first[0], second[0]) == rows.TotalRows && Product(first[1], columns) == rows.Columns
            ? new LokrDifference(tensors, rows)
            : null;

        // Sizes in a hostile file may overflow.
        static Int128 Product(long a, long b) => (Int128)a * b;
    }
}
