using static TorchSharp.torch;

namespace LatentDiffusion.Checkpoints;

/// <summary>
/// A whole difference of a weight (<c>diff</c>, <c>w_norm</c> of normalisation) or bias (<c>diff_b</c>, <c>b_norm</c>), as LyCORIS
/// (<c>lycoris/modules/full.py</c>, <c>norms.py</c>) and ComfyUI name it.
/// </summary>
internal sealed class FullDifference : WeightDifference
{
    /// <summary>Of a weight, and of a normalisation's.</summary>
    public const string Weight = "diff", NormWeight = "w_norm";

    /// <summary>Of a bias, and of a normalisation's.</summary>
    public const string Bias = "diff_b", NormBias = "b_norm";

    private readonly AdapterTensors _tensors;
    private readonly AdaptedRows _rows;
    private readonly string[] _roles;
    private readonly double _scale;

    private FullDifference(AdapterTensors tensors, AdaptedRows rows)
    {
        (_tensors, _rows, _scale) = (tensors, rows, tensors.ScaleWithoutRank);
        _roles = [.. Kind.Roles.Where(tensors.Has)];
    }

    public static AdapterKind Kind { get; } = new(
        "full difference", [Weight, NormWeight, Bias, NormBias],
        _ => [],
        (tensors, rows) => Kind!.Roles.Where(tensors.Has).All(role => Fits(tensors.Shape(role), rows))
            ? new FullDifference(tensors, rows)
            : null);

    public override Tensor Compute(Tensor weight)
    {
        Tensor sum = Rows(_roles[0]).MultiplyInPlace(_scale);
        return _roles.Length == 1 ? sum : sum.AddInPlace(Rows(_roles[1]), _scale);
    }

    private static bool Fits(IReadOnlyList<long> shape, AdaptedRows rows) =>
        shape.SequenceEqual(rows.ModuleShape)
        // A matrix in place of a kernel of one position, and the other way round.
        || (rows.IsPoint && shape.Count >= 2 && shape.Take(2).SequenceEqual(rows.ModuleShape.Take(2)) && shape.Skip(2).All(d => d == 1));

    private Tensor Rows(string role) =>
        _tensors.Read(role).narrow(0, _rows.Rows.Start, _rows.Rows.Count).clone().reshape([.. _rows.Shape]);
}
