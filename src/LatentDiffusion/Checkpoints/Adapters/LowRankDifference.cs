using static TorchSharp.torch;

namespace LatentDiffusion.Checkpoints;

/// <summary>
/// LoRA, ΔW = <see cref="Scale"/>·up·down (Hu et al. 2021, section 4.1). For convolutions (LoCon of LyCORIS) down holds the kernel, or a
/// third tensor between both does (Tucker decomposition, Hyeon-Woo et al. 2022, proposition 3).
/// </summary>
internal sealed class LowRankDifference : WeightDifference
{
    private readonly AdapterTensors _tensors;
    private readonly AdaptedRows _rows;

    private LowRankDifference(AdapterTensors tensors, AdaptedRows rows)
    {
        (_tensors, _rows) = (tensors, rows);
        Rank = tensors.Shape(AdapterRoles.Down)[0];
        Alpha = tensors.Alpha(Rank);
        Scale = tensors.Scale(Rank);
    }

    public static AdapterKind Kind { get; } = new(
        "LoRA",
        [AdapterRoles.Up, AdapterRoles.Down, AdapterRoles.Mid],
        tensors => new[] { AdapterRoles.Up, AdapterRoles.Down }.Where(role => !tensors.Has(role)),
        Create);

    /// <summary>Name in the file of the projection to the outputs, [out, rank] or [out, rank, 1, 1].</summary>
    public string Up => _tensors.Name(AdapterRoles.Up);

    /// <summary>Inner dimension.</summary>
    public long Rank { get; }

    /// <summary>Trained strength; the rank if the file does not set it.</summary>
    public double Alpha { get; }

    /// <summary>α/rank, or α/√rank for rank-stabilized LoRA (Kalajdzievski 2023).</summary>
    public double Scale { get; }

    public override Tensor Compute(Tensor weight)
    {
        Tensor up = ReadUp(), down = _tensors.Read(AdapterRoles.Down).flatten(1);
        Tensor product = _tensors.Has(AdapterRoles.Mid)
            ? einsum("oa,abhw,bi->oihw", up, _tensors.Read(AdapterRoles.Mid), down)
            : up.matmul(down);
        return product.MultiplyInPlace(Scale).reshape([.. _rows.Shape]);
    }

    public override LowRankTerm? Factors(double scale)
    {
        if (_tensors.Has(AdapterRoles.Mid)) return null;
        using var scope = NewDisposeScope();
        Tensor up = ReadUp().Multiply(Scale * scale), down = _tensors.Read(AdapterRoles.Down).flatten(1);
        return new LowRankTerm(up.DetachFromDisposeScope(), down.DetachFromDisposeScope());
    }

    private static LowRankDifference? Create(AdapterTensors tensors, AdaptedRows rows)
    {
        IReadOnlyList<long>? mid = tensors.Has(AdapterRoles.Mid) ? tensors.Shape(AdapterRoles.Mid) : null;
        return Fits(tensors.Shape(AdapterRoles.Up), tensors.Shape(AdapterRoles.Down), mid, rows.ModuleShape)
            ? new LowRankDifference(tensors, rows)
            : null;
    }

    /// <summary>Whether up·down, with the kernel between, has the outputs, inputs and kernel of the parameter.</summary>
    private static bool Fits(
        IReadOnlyList<long> up,
        IReadOnlyList<long> down,
        IReadOnlyList<long>? mid,
        IReadOnlyList<long> parameter)
    {
        if (up.Count < 2 || down.Count < 2 || parameter.Count < 2) return false;
        long rank = down[0];
        IReadOnlyList<long> kernelHolder = mid ?? down;
        return rank > 0
            && up[1] == rank && up[0] == parameter[0] && IsPoint(up)
            && down[1] == parameter[1] && (mid is null || IsPoint(down))
            && (mid is null || (mid.Count == 4 && parameter.Count == 4 && mid[0] == rank && mid[1] == rank))
            && (Kernel(kernelHolder).SequenceEqual(Kernel(parameter)) || (IsPoint(kernelHolder) && IsPoint(parameter)));

        static IEnumerable<long> Kernel(IReadOnlyList<long> shape) => shape.Skip(2);

        static bool IsPoint(IReadOnlyList<long> shape) => Kernel(shape).All(d => d == 1);
    }

    private Tensor ReadUp() => _tensors.Read(AdapterRoles.Up).flatten(1).narrow(0, _rows.Rows.Start, _rows.Rows.Count);
}
