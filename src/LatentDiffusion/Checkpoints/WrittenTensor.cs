using static TorchSharp.torch;

namespace LatentDiffusion.Checkpoints;

/// <summary>A tensor to write, which may be made when it is its turn.</summary>
/// <param name="Name">Its name.</param>
/// <param name="Shape">Its shape.</param>
/// <param name="Type">Type of its values.</param>
/// <param name="Make">Makes the values; the result is disposed.</param>
internal sealed record WrittenTensor(string Name, IReadOnlyList<long> Shape, ScalarType Type, Func<Tensor> Make)
{
    /// <summary>A tensor in memory, which is not disposed.</summary>
    public static WrittenTensor FromTensor(string name, Tensor tensor)
    {
        ArgumentNullException.ThrowIfNull(name);
        ArgumentNullException.ThrowIfNull(tensor);
        return new WrittenTensor(name, tensor.shape, tensor.dtype, tensor.alias);
    }

    /// <summary>Passes the values to a callback.</summary>
    public void Use(Action<Tensor> use)
    {
        using Tensor values = Make();
        use(values);
    }
}
