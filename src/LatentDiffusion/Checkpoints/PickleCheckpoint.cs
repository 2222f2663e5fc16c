using System.Globalization;
using static TorchSharp.torch;

namespace LatentDiffusion;

/// <summary>
/// A <c>.pth</c>, <c>.pt</c>, <c>.bin</c> or <c>.ckpt</c> file that PyTorch's <c>torch.save</c> wrote as zip and pickle.
/// Only tensors and plain containers are known; a file that refers to anything else is refused, and nothing in it is
/// ever executed. Opening reads the description alone, and each read copies one tensor. Safe for concurrent reads.
/// </summary>
/// <remarks>
/// Names are the keys on the way to a tensor, joined by dots. Where the outermost dictionary has <c>state_dict</c>, its
/// tensors alone are listed, without that prefix.
/// </remarks>
public sealed class PickleCheckpoint : ITensorSource
{
    /// <summary>A thousand times what Stable Diffusion's description takes.</summary>
    private const int MaximumPickleLength = 1 << 24;

    private const int MaximumDepth = 32;

    private const string Description = "data.pkl", ByteOrder = "byteorder";

    private readonly MappedFile _file;
    private readonly Dictionary<string, (TensorEntry Entry, PickledTensor Tensor, long Start, long Length)> _tensors = [];

    private PickleCheckpoint(MappedFile file)
    {
        _file = file;
        var zip = new StoredZip(file);
        string folder = FindFolder(zip);
        byte[] pickle = zip.ReadAll(folder + Description, MaximumPickleLength);
        object? root = PickleMachine.Read(pickle);
        if (root is Dictionary<string, object?> all && all.GetValueOrDefault("state_dict") is Dictionary<string, object?> inner) root = inner;
        long budget = 4L * pickle.Length;
        Collect("", root, MaximumDepth, ref budget, (name, tensor) => Add(zip, folder, name, tensor));
        Entries = [.. _tensors.Values.Select(t => t.Entry)];
    }

    private delegate void Found(string name, PickledTensor tensor);

    /// <inheritdoc/>
    public string Path => _file.Path;

    /// <inheritdoc/>
    public IReadOnlyCollection<TensorEntry> Entries { get; }

    /// <summary>Opens a file and reads its description.</summary>
    /// <param name="path">Path of the file.</param>
    /// <exception cref="CheckpointException">
    /// The file is damaged, no such checkpoint, or refers to more than tensors and plain containers; the message says what.
    /// </exception>
    /// <exception cref="IOException">The file cannot be opened.</exception>
    public static PickleCheckpoint Open(string path)
    {
        var file = new MappedFile(path);
        try
        {
            return new PickleCheckpoint(file);
        }
        catch (FormatException e)
        {
            file.Dispose();
            throw new CheckpointException(path, e.Message, e);
        }
        catch
        {
            file.Dispose();
            throw;
        }
    }

    /// <inheritdoc/>
    public TensorEntry? Find(string name) => _tensors.TryGetValue(name, out var found) ? found.Entry : null;

    /// <inheritdoc/>
    public void ReadInto(string name, Tensor destination)
    {
        TensorEntry entry = this.Require(name, destination);
        if (entry.ByteLength == 0) return;
        (_, PickledTensor tensor, long start, long length) = _tensors[name];
        long size = ElementSize(entry.DataType);
        if (IsContiguous(tensor))
        {
            TensorBytes.Fill(destination, entry.DataType, (position, bytes) => _file.Read(start + tensor.Offset * size + position, bytes));
            return;
        }

        using Tensor storage = empty([length / size], entry.DataType, CPU);
        TensorBytes.Fill(storage, entry.DataType, (position, bytes) => _file.Read(start + position, bytes));
        using Tensor view = storage.as_strided(tensor.Shape, tensor.Strides, tensor.Offset);
        using var noGradient = no_grad();
        using Tensor plain = destination.detach();
        plain.copy_(view);
    }

    /// <summary>Closes the file. Tensors read from it stay.</summary>
    public void Dispose() => _file.Dispose();

    /// <summary>All entries are in one folder, which is named after the file as it was written.</summary>
    private static string FindFolder(StoredZip zip)
    {
        string description = zip.Names
            .Where(name => name == Description || name.EndsWith($"/{Description}", StringComparison.Ordinal))
            .Order(StringComparer.Ordinal)
            .FirstOrDefault() ?? throw new FormatException($"The zip file has no {Description}: no checkpoint of PyTorch.");
        string folder = description[..^Description.Length];
        return zip.Find(folder + ByteOrder) is null || zip.ReadAll(folder + ByteOrder, 16).AsSpan().SequenceEqual("little"u8)
            ? folder
            : throw new FormatException("The values are not little-endian.");
    }

    /// <summary>
    /// Finds the tensors in containers. Every container costs what its name is long, which ends a file whose containers
    /// hold each other many times over: an honest one spells each key out.
    /// </summary>
    private static void Collect(string name, object? value, int depth, ref long budget, Found found)
    {
        budget -= name.Length + 1;
        if (depth == 0 || budget < 0)
            throw new FormatException("The containers in the pickle are nested too deeply, or hold each other.");
        switch (value)
        {
            case PickledTensor tensor:
                found(name, tensor);
                break;
            case Dictionary<string, object?> dictionary:
                foreach ((string key, object? item) in dictionary.Where(d => MayHoldTensors(d.Value)))
                    Collect(Join(name, key), item, depth - 1, ref budget, found);
                break;
            case IReadOnlyList<object?> list:
                foreach ((int index, object? item) in list.Index().Where(l => MayHoldTensors(l.Item)))
                    Collect(Join(name, index.ToString(CultureInfo.InvariantCulture)), item, depth - 1, ref budget, found);
                break;
        }

        static bool MayHoldTensors(object? value) =>
            value is PickledTensor or Dictionary<string, object?> or IReadOnlyList<object?>;

        static string Join(string name, string key) => name.Length == 0 ? key : $"{name}.{key}";
    }

    private void Add(StoredZip zip, string folder, string name, PickledTensor tensor)
    {
        (long start, long length) = zip.Find($"{folder}data/{tensor.Storage.Key}")
            ?? throw new FormatException($"The values of '{name}' (data/{tensor.Storage.Key}) are not in the file.");
        long size = ElementSize(tensor.Storage.DataType), held = length / size;
        long count = 1, last = tensor.Offset;
        try
        {
            for (int i = 0; i < tensor.Shape.Length; i++)
            {
                // As strides do, a dimension of 0 counts as 1 when looking for overflow.
                count = checked(count * Math.Max(tensor.Shape[i], 1));
                last = checked(last + Math.Max(tensor.Shape[i] - 1, 0) * tensor.Strides[i]);
            }

            _ = checked(count * size);
        }
        catch (OverflowException e)
        {
            throw new FormatException($"'{name}' has the impossible shape [{string.Join(", ", tensor.Shape)}].", e);
        }

        if (tensor.Shape.Contains(0)) count = 0;

        // A view may repeat values; one that has more of them than the file would make memory out of nothing.
        else if (last >= held || count > held)
            throw new FormatException($"'{name}' needs more values than the {held} of its storage: truncated, or made to look large.");
        var entry = new TensorEntry(name, tensor.Storage.DataType, tensor.Shape, count * size);
        if (!_tensors.TryAdd(name, (entry, tensor, start, length)))
            throw new FormatException($"Two tensors have the name '{name}'.");
    }

    private static bool IsContiguous(PickledTensor tensor)
    {
        long expected = 1;
        for (int i = tensor.Shape.Length - 1; i >= 0; i--)
        {
            if (tensor.Shape[i] != 1 && tensor.Strides[i] != expected) return false;
            expected *= tensor.Shape[i];
        }

        return true;
    }

    private static long ElementSize(ScalarType type) =>
        type == ScalarType.ComplexFloat64 ? 16 : SafetensorsDataType.Describe(type).Size;
}
