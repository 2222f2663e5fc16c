using static TorchSharp.torch;

namespace LatentDiffusion.Checkpoints;

/// <summary>
/// A matrix that LyCORIS stores as two factors, a·b, or with a kernel between both, for which the factors are stored transposed:
/// <c>a</c> is [rank, out], <c>b</c> is [rank, in] and the kernel [rank, rank, height, width] (<c>rebuild_tucker</c> in
/// <c>lycoris/functional/general.py</c>).
/// </summary>
internal static class FactoredMatrix
{
    /// <summary>Its shape; null where the shapes do not fit each other.</summary>
    public static long[]? Shape(AdapterTensors tensors, string a, string b, string kernel)
    {
        IReadOnlyList<long> first = tensors.Shape(a), second = tensors.Shape(b);
        if (first.Count != 2 || second.Count != 2 || second[0] == 0) return null;
        if (!tensors.Has(kernel)) return first[1] == second[0] ? [first[0], second[1]] : null;
        IReadOnlyList<long> between = tensors.Shape(kernel);
        return between.Count == 4 && between[0] == first[0] && between[1] == second[0] && between[0] == between[1]
            ? [first[1], second[1], between[2], between[3]]
            : null;
    }

    /// <summary>Computes it, [out, in] or [out, in, height, width].</summary>
    public static Tensor Compute(AdapterTensors tensors, string a, string b, string kernel)
    {
        Tensor first = tensors.Read(a), second = tensors.Read(b);
        return tensors.Has(kernel) ? einsum("abhw,bi,ao->oihw", tensors.Read(kernel), second, first) : first.matmul(second);
    }
}
