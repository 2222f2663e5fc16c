using static TorchSharp.torch;

namespace LatentDiffusion.Runtime;

/// <summary>Comparison of tensors by their values.</summary>
internal static class TensorValues
{
    /// <summary>Whether two tensors have the same type, shape and values. On GPUs it waits for the device.</summary>
    public static bool Equal(Tensor one, Tensor other)
    {
        if (one.dtype != other.dtype || !one.shape.SequenceEqual(other.shape)) return false;
        using Tensor same = one.eq(other), all = same.all();
        return all.item<bool>();
    }
}
