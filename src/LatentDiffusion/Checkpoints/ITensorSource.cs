using static TorchSharp.torch;

namespace LatentDiffusion.Checkpoints;

/// <summary>
/// Named tensors that are read when asked for: a checkpoint file, several files as one, or one under other names.
/// Reading different tensors concurrently is safe.
/// </summary>
public interface ITensorSource : IDisposable
{
    /// <summary>Where the tensors come from (a file or folder), for messages.</summary>
    string Path { get; }

    /// <summary>Every tensor, in the order of the source, without its values.</summary>
    IReadOnlyCollection<TensorEntry> Entries { get; }

    /// <summary>Looks one tensor up by its name; null where there is none.</summary>
    TensorEntry? Find(string name);

    /// <summary>Reads one tensor's values into a tensor of the same shape, whose data type and device may differ.</summary>
    /// <param name="name">One of <see cref="Entries"/>.</param>
    /// <param name="destination">Takes the values; may be a view, and may require a gradient, of which none is recorded.</param>
    /// <exception cref="KeyNotFoundException">There is no such tensor; the message names the source.</exception>
    /// <exception cref="ArgumentException">The shapes differ.</exception>
    /// <exception cref="CheckpointException">The file was shortened since it was opened, or a checksum is wrong.</exception>
    void ReadInto(string name, Tensor destination);
}
