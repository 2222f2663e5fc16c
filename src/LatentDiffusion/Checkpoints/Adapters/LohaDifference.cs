using static TorchSharp.torch;

namespace LatentDiffusion.Checkpoints;

/// <summary>
/// LoHa, ΔW = α/rank·(w1_a·w1_b)⊙(w2_a·w2_b): a Hadamard product of two low-rank matrices (Hyeon-Woo et al. 2022, proposition 2). For
/// convolutions the second factors hold the kernel, or <c>hada_t1</c> and <c>hada_t2</c> do (proposition 3). Names and scale are those of
/// LyCORIS (<c>lycoris/modules/loha.py</c>).
/// </summary>
internal sealed class LohaDifference : WeightDifference
{
    private static readonly string[] s_factors = ["hada_w1_a", "hada_w1_b", "hada_w2_a", "hada_w2_b"];
    private static readonly string[] s_kernels = ["hada_t1", "hada_t2"];

    private readonly AdapterTensors _tensors;
    private readonly AdaptedRows _rows;
    private readonly double _scale;

    private LohaDifference(AdapterTensors tensors, AdaptedRows rows) =>
        (_tensors, _rows, _scale) = (tensors, rows, tensors.Scale(tensors.Shape(s_factors[1])[0]));

    public static AdapterKind Kind { get; } = new(
        "LoHa",
        [.. s_factors, .. s_kernels],
        tensors => s_factors.Concat(s_kernels.Any(tensors.Has) ? s_kernels : []).Where(role => !tensors.Has(role)),
        (tensors, rows) => Fits(tensors, rows, s_factors[0], s_factors[1], s_kernels[0])
            && Fits(tensors, rows, s_factors[2], s_factors[3], s_kernels[1])
                ? new LohaDifference(tensors, rows)
                : null);

    public override Tensor Compute(Tensor weight) =>
        Product(s_factors[0], s_factors[1], s_kernels[0])
            .mul_(Product(s_factors[2], s_factors[3], s_kernels[1]))
            .MultiplyInPlace(_scale)
            .narrow(0, _rows.Rows.Start, _rows.Rows.Count)
            .reshape([.. _rows.Shape]);

    private static bool Fits(AdapterTensors tensors, AdaptedRows rows, string outputs, string inputs, string kernel) =>
        FactoredMatrix.Shape(tensors, outputs, inputs, kernel) is { } product
        && product[0] == rows.TotalRows
        && (product.Length > 2
            ? product.SequenceEqual(rows.ModuleShape)
            : rows.Shape.Count >= 2 && product[1] == rows.Columns);

    private Tensor Product(string outputs, string inputs, string kernel) =>
        FactoredMatrix.Compute(_tensors, outputs, inputs, kernel).flatten(1);
}
