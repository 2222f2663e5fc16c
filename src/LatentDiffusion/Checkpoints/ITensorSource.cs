using System.Collections.ObjectModel;
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
    /// <exception cref="KeyNotFoundException">The tensor does not exist; the message names the source.</exception>
    /// <exception cref="ArgumentException">The shapes differ.</exception>
    /// <exception cref="CheckpointException">The file was shortened since it was opened, or a checksum is wrong.</exception>
    void ReadInto(string name, Tensor destination);

    /// <summary>The file of a tensor, for messages: of several files the one that has it.</summary>
    /// <param name="name">One of <see cref="Entries"/>.</param>
    internal string PathOf(string name) => Path;

    /// <summary>The texts of a safetensors header; none for other sources and for several files.</summary>
    internal IReadOnlyDictionary<string, string> Texts => ReadOnlyDictionary<string, string>.Empty;

    /// <summary>Reads rows of a tensor: indices of its first dimension. The default reads the whole tensor.</summary>
    /// <param name="name">One of <see cref="Entries"/>.</param>
    /// <param name="ranges">The rows, one range after the other.</param>
    /// <param name="destination">Receives the values; its shape is the tensor's except for the number of rows.</param>
    /// <inheritdoc cref="ReadInto" path="/exception"/>
    internal void ReadRows(string name, IReadOnlyList<RowRange> ranges, Tensor destination)
    {
        using Tensor whole = this.Read(name);
        RowRange.Copy(whole, ranges, destination);
    }

    /// <summary>Finds the rows of a matrix as they are stored, to be kept so; null where only their values can be read.</summary>
    /// <param name="name">One of <see cref="Entries"/>.</param>
    internal StoredRows? FindRows(string name) => null;
}
