using System.Collections.Concurrent;
using System.Globalization;
using static TorchSharp.torch;

namespace LatentDiffusion.Checkpoints;

/// <summary>
/// A <c>.pth</c>, <c>.pt</c>, <c>.bin</c> or <c>.ckpt</c> file that PyTorch's <c>torch.save</c> wrote: zip and pickle, or
/// the pickles that it wrote before PyTorch 1.6. Only tensors and plain containers are known; every other object in it is
/// ignored, a file that names a way to run code is refused, and nothing is ever executed. Opening reads only the
/// description, and each read copies one tensor. The checksum of a zip entry is verified when its first tensor is read.
/// Safe for concurrent reads.
/// </summary>
/// <remarks>
/// Names are the keys on the way to a tensor, joined by dots. Where the outermost dictionary has <c>state_dict</c>, only
/// its tensors are listed, without that prefix.
/// </remarks>
internal sealed class PickleCheckpoint : ITensorSource
{
    /// <summary>Number of first bytes that tell whether a file is a PyTorch checkpoint.</summary>
    internal const int SignatureLength = TarSignatureAt + 5;

    private const int MaximumDepth = 32, TarSignatureAt = 257;

    private readonly CheckpointFile _file;
    private readonly Dictionary<string, (TensorEntry Entry, PickledTensor Tensor, long Start)> _tensors = [];

    private readonly PickleContent _content;

    /// <summary>Names of the unknown classes of objects in places where tensors may be.</summary>
    private readonly SortedSet<string> _objects = new(StringComparer.Ordinal);

    /// <summary>Storages whose checksums were verified, each once.</summary>
    private readonly ConcurrentDictionary<string, Lazy<bool>> _whole = [];

    private PickleCheckpoint(CheckpointFile file)
    {
        _file = file;
        PickleContent content = _content = ReadContent(file);
        object? root = content.Root;
        Dictionary<string, object?>? all = root as Dictionary<string, object?> ?? (root as PickleObject)?.Items;
        Texts = all?.Where(i => i.Value is string).ToDictionary(i => i.Key, i => (string)i.Value!) ?? [];
        if (all?.GetValueOrDefault("state_dict") is Dictionary<string, object?> or PickleObject) root = all["state_dict"];
        long budget = 4L * content.Length;
        Collect("", root, MaximumDepth, ref budget, (name, tensor) => Add(content.Find(tensor.Storage), name, tensor));
        if (_tensors.Count == 0 && _objects.Count > 0)
        {
            throw new FormatException(
                $"It has no tensors, only objects of unknown classes ({MessageText.List(_objects)}); "
                + "expected tensors by name (a state_dict).");
        }

        Entries = [.. _tensors.Values.Select(t => t.Entry)];
    }

    private delegate void Found(string name, PickledTensor tensor);

    /// <inheritdoc/>
    public string Path => _file.Path;

    /// <inheritdoc/>
    public IReadOnlyCollection<TensorEntry> Entries { get; }

    /// <summary>Texts of the outermost dictionary, by their keys.</summary>
    internal IReadOnlyDictionary<string, string> Texts { get; }

    /// <summary>Opens a file and reads its description.</summary>
    /// <param name="path">Path of the file.</param>
    /// <exception cref="CheckpointException">
    /// The file is damaged, not such a checkpoint, contains unknown objects but no tensors, or names a way to run code; the
    /// message says which.
    /// </exception>
    /// <exception cref="IOException">The file cannot be opened.</exception>
    public static PickleCheckpoint Open(string path)
    {
        var file = new CheckpointFile(path);
        try
        {
            return new PickleCheckpoint(file);
        }
        catch (FormatException e)
        {
            file.Dispose();
            throw CheckpointException.FromFormatException(path, e);
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
        (_, PickledTensor tensor, long start) = _tensors[name];
        CheckStorage(tensor.Storage.Key);
        long size = tensor.Storage.ElementSize;
        if (IsContiguous(tensor))
        {
            TensorBytes.Fill(destination, tensor.Storage.Type, _file, start + tensor.Offset * size);
            return;
        }

        // The values from the first to the last of the view, not the whole storage.
        long span = 1 + tensor.Shape.Zip(tensor.Strides, (count, stride) => (count - 1) * stride).Sum();
        using Tensor values = empty([span], entry.DataType, CPU);
        TensorBytes.Fill(values, tensor.Storage.Type, _file, start + tensor.Offset * size);
        using Tensor view = values.as_strided(tensor.Shape, tensor.Strides);
        using var noGradient = no_grad();
        using Tensor plain = destination.detach();
        plain.copy_(view);
    }

    /// <summary>Closes the file. Tensors read from it remain valid.</summary>
    public void Dispose() => _file.Dispose();

    /// <summary>Whether a file is opened as a PyTorch checkpoint.</summary>
    /// <param name="first">The first <see cref="SignatureLength"/> bytes of the file, or all of a shorter file.</param>
    internal static bool HasSignature(ReadOnlySpan<byte> first) =>
        first.StartsWith(ZippedPickle.Signature) || LegacyPickle.HasSignature(first) || IsTar(first);

    private void CheckStorage(string key)
    {
        if (!_whole.GetOrAdd(key, k => new Lazy<bool>(() => _content.IsWhole(k))).Value)
            throw new CheckpointException(Path, $"the checksum of the storage '{key}' is wrong: the file is damaged.");
    }

    private static PickleContent ReadContent(CheckpointFile file)
    {
        byte[] first = file.Read(0, (int)Math.Min(file.Length, SignatureLength));
        if (LegacyPickle.HasSignature(first)) return LegacyPickle.Read(file);
        return IsTar(first)
            ? throw new FormatException(
                "The file is a tar archive, the format of PyTorch before 0.1.10, which is not supported. Load it with a PyTorch "
                + "version that reads it and save it again, preferably as safetensors.")
            : ZippedPickle.Read(file);
    }

    private static bool IsTar(ReadOnlySpan<byte> first) =>
        first.Length >= SignatureLength && first[TarSignatureAt..].StartsWith("ustar"u8);

    /// <summary>
    /// Finds the tensors in containers. Every container costs the length of its name and its number of items. This stops at
    /// files whose containers contain each other many times: ordinary files write out each key and item.
    /// </summary>
    private void Collect(string name, object? value, int depth, ref long budget, Found found)
    {
        budget -= name.Length + 1;
        if (depth == 0 || budget < 0)
            throw new FormatException("The containers in the pickle are nested too deeply, or contain each other.");
        switch (value)
        {
            case PickledTensor tensor:
                found(name, tensor);
                break;
            case Dictionary<string, object?> dictionary:
                budget -= dictionary.Count;
                foreach ((string key, object? item) in dictionary.Where(d => PickleCalls.IsContainer(d.Value)))
                    Collect(Join(name, key), item, depth - 1, ref budget, found);
                break;
            case IReadOnlyList<object?> list:
                budget -= list.Count;
                foreach ((int index, object? item) in list.Index().Where(l => PickleCalls.IsContainer(l.Item)))
                    Collect(Join(name, index.ToString(CultureInfo.InvariantCulture)), item, depth - 1, ref budget, found);
                break;
            case PickleObject other:
                _objects.Add(other.Name);
                if (other.Items is not null) Collect(name, other.Items, depth - 1, ref budget, found);
                if (other.Elements is not null) Collect(name, other.Elements, depth - 1, ref budget, found);
                break;
            case PickleGlobal unknown:
                _objects.Add(unknown.Name);
                break;
        }

        static string Join(string name, string key) => name.Length == 0 ? key : $"{name}.{key}";
    }

    private void Add((long Start, long Length) storage, string name, PickledTensor tensor)
    {
        long size = tensor.Storage.ElementSize, held = storage.Length / size;
        long count = 1, last = tensor.Offset;
        try
        {
            for (int i = 0; i < tensor.Shape.Length; i++)
            {
                // As in the computation of strides, a dimension of 0 counts as 1 in the check for overflow.
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

        // A view may repeat values. One that has more values than the file would allocate memory that the file does not fill.
        else if (last >= held || count > held)
            throw new FormatException($"'{name}' needs more values than the {held} of its storage: truncated, or made to look large.");
        var entry = new TensorEntry(name, tensor.Storage.Type.Type, tensor.Shape, count * size);
        if (!_tensors.TryAdd(name, (entry, tensor, storage.Start)))
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
}
