using static TorchSharp.torch;

namespace LatentDiffusion;

/// <summary>What every source of tensors can do by reading into place.</summary>
public static class TensorSourceExtensions
{
    /// <summary>Reads one tensor as it is stored, into new memory of the CPU.</summary>
    /// <param name="source">Where the tensor is.</param>
    /// <param name="name">Its name, one of <see cref="ITensorSource.Entries"/>.</param>
    /// <exception cref="KeyNotFoundException">There is no such tensor; the message names the source.</exception>
    public static Tensor Read(this ITensorSource source, string name)
    {
        ArgumentNullException.ThrowIfNull(source);
        TensorEntry entry = source.Find(name) ?? throw new KeyNotFoundException($"{source.Path} has no tensor '{name}'.");
        Tensor tensor = empty([.. entry.Shape], entry.DataType, CPU);
        try
        {
            source.ReadInto(name, tensor);
            return tensor;
        }
        catch
        {
            tensor.Dispose();
            throw;
        }
    }
}
