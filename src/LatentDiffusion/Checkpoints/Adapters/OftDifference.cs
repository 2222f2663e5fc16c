using System.Runtime.InteropServices;
using static TorchSharp.torch;

namespace LatentDiffusion.Checkpoints;

/// <summary>
/// OFT, ΔW = R·W − W: rows of a block are rotated by R = (I + Q)(I − Q)⁻¹ with Q = B − Bᵀ (Qiu et al. 2023, section 4.2), as kohya
/// (<c>networks/oft.py</c>) and LyCORIS (<c>lycoris/modules/diag_oft.py</c>) have it: <c>oft_blocks</c> [blocks, size, size], and
/// <c>alpha</c>·outputs as the largest norm of Q where <c>alpha</c> is above 0. Older files of LyCORIS have R itself as <c>oft_diag</c>.
/// <c>rescale</c> [outputs, 1, …] multiplies the rotated rows.
/// </summary>
internal sealed class OftDifference : WeightDifference
{
    /// <summary>Role of the blocks, from which the rotations follow.</summary>
    public const string Blocks = "oft_blocks";

    private const string Rotation = "oft_diag", Rescale = "rescale";

    private readonly AdapterTensors _tensors;
    private readonly AdaptedRows _rows;
    private readonly double _bound;

    private OftDifference(AdapterTensors tensors, AdaptedRows rows)
    {
        (_tensors, _rows) = (tensors, rows);
        _bound = Math.Max(0, tensors.Number(AdapterRoles.Alpha) ?? 0) * rows.TotalRows;
    }

    public static AdapterKind Kind { get; } = new(
        "OFT", [Blocks, Rotation, Rescale],
        tensors => tensors.Has(Blocks) || tensors.Has(Rotation) ? [] : [Blocks],
        Create);

    public override Tensor Compute(Tensor weight)
    {
        Tensor rotations = _tensors.Has(Blocks) ? Cayley(_tensors.Read(Blocks)) : _tensors.Read(Rotation);
        long size = rotations.shape[1], first = _rows.Rows.Start / size, count = _rows.Rows.Count / size;
        // Each new row is a sum over the rows of its block: R is applied from the right to the outputs.
        Tensor blocks = weight.reshape(count, size, -1);
        Tensor rotated = rotations.narrow(0, first, count).transpose(1, 2).matmul(blocks).reshape(weight.shape);
        if (_tensors.Has(Rescale))
        {
            Tensor factors = _tensors.Read(Rescale).flatten().narrow(0, _rows.Rows.Start, _rows.Rows.Count);
            rotated = rotated.mul_(factors.reshape([-1, .. Enumerable.Repeat(1L, weight.shape.Length - 1)]));
        }

        return rotated.sub_(weight);
    }

    private static OftDifference? Create(AdapterTensors tensors, AdaptedRows rows)
    {
        if (tensors.Has(Blocks) && tensors.Has(Rotation)) return null;
        IReadOnlyList<long> shape = tensors.Shape(tensors.Has(Blocks) ? Blocks : Rotation);
        if (shape.Count != 3 || shape[1] != shape[2] || shape[1] == 0 || rows.Shape.Count < 2) return null;
        long size = shape[1];
        bool fits = (Int128)shape[0] * size == rows.TotalRows && rows.Rows.Start % size == 0 && rows.Rows.Count % size == 0
            && (!tensors.Has(Rescale) || tensors.Shape(Rescale).Aggregate((Int128)1, (product, n) => product * n) == rows.TotalRows);
        return fits ? new OftDifference(tensors, rows) : null;
    }

    private Tensor Cayley(Tensor blocks)
    {
        Tensor skew = blocks.sub(blocks.transpose(1, 2));
        if (_bound > 0)
        {
            double norm = skew.mul(skew).sum().sqrt().item<float>();
            if (norm > _bound) skew = skew.Multiply(_bound / norm);
        }

        // I − Q has an inverse for every Q that is not so large that I is lost in rounding.
        Tensor wide = skew.to(ScalarType.Float64), identity = eye(blocks.shape[1], dtype: ScalarType.Float64);
        try
        {
            return identity.Add(wide).matmul(linalg.inv(identity.sub(wide))).to(ScalarType.Float32);
        }
        catch (ExternalException e)
        {
            throw _tensors.Damaged(Blocks, "does not give rotations: its values are too large", e);
        }
    }
}
