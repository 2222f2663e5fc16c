using static TorchSharp.torch;

namespace LatentDiffusion.Checkpoints;

/// <summary>
/// Named tensors that are read on request: a checkpoint file, several files as one, or a file under other names.
/// Reading different tensors concurrently is safe.
/// </summary>
public interface ITensorSource : IDisposable
{
    /// <summary>File or folder of the tensors, for messages.</summary>
    string Path { get; }

    /// <summary>Every tensor, in the order of the source, without its values.</summary>
    IReadOnlyCollection<TensorEntry> Entries { get; }

    /// <summary>Finds a tensor by its name; null if the source does not have it.</summary>
    TensorEntry? Find(string name);

    /// <summary>Reads the values of one tensor into a tensor of the same shape, whose data type and device may differ.</summary>
    /// <param name="name">One of <see cref="Entries"/>.</param>
    /// <param name="destination">Receives the values. It may be a view, and may require a gradient; no gradient is recorded.</param>
    /// <exception cref="KeyNotFoundException">There is no such tensor; the message names the source.</exception>
    /// <exception cref="ArgumentException">The shapes differ.</exception>
    /// <exception cref="CheckpointException">The file was shortened since it was opened, or a checksum is wrong.</exception>
    void ReadInto(string name, Tensor destination);
}
