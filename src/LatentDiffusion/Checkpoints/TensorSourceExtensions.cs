using static TorchSharp.torch;

namespace LatentDiffusion.Checkpoints;

/// <summary>Operations on every source of tensors.</summary>
public static class TensorSourceExtensions
{
    /// <summary>Reads one tensor with its stored data type, into new memory of the CPU.</summary>
    /// <param name="source">Source of the tensor.</param>
    /// <param name="name">Its name, one of <see cref="ITensorSource.Entries"/>.</param>
    /// <exception cref="KeyNotFoundException">The tensor does not exist; the message names the source.</exception>
    public static Tensor Read(this ITensorSource source, string name)
    {
        TensorEntry entry = source.Require(name);
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

    /// <summary>Finds a tensor.</summary>
    /// <exception cref="KeyNotFoundException">The source does not have it.</exception>
    internal static TensorEntry Require(this ITensorSource source, string name)
    {
        ArgumentNullException.ThrowIfNull(source);
        ArgumentNullException.ThrowIfNull(name);
        return source.Find(name) ?? throw new KeyNotFoundException(MessageText.Truncate($"{source.Path} has no tensor '{name}'."));
    }

    /// <summary>Finds a tensor and checks that the destination has its shape.</summary>
    /// <exception cref="KeyNotFoundException">The source does not have it.</exception>
    /// <exception cref="ArgumentException">The shapes differ.</exception>
    internal static TensorEntry Require(this ITensorSource source, string name, Tensor destination)
    {
        ArgumentNullException.ThrowIfNull(destination);
        TensorEntry entry = source.Require(name);
        return destination.shape.SequenceEqual(entry.Shape)
            ? entry
            : throw new ArgumentException(
                $"'{name}' is [{string.Join(", ", entry.Shape)}] in {source.Path}; "
                + $"the destination is [{string.Join(", ", destination.shape)}].",
                nameof(destination));
    }
}
