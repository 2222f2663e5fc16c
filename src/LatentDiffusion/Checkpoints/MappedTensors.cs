using static TorchSharp.torch;

namespace LatentDiffusion.Checkpoints;

/// <summary>
/// The tensors of a source under other names, some of them parts or transposes. The source stays open when it is disposed.
/// </summary>
internal sealed class MappedTensors : ITensorSource
{
    private readonly ITensorSource _source;
    private readonly Dictionary<string, (MappedTensor Mapped, TensorEntry Entry)> _tensors = [];

    /// <exception cref="CheckpointException">Two tensors have one name, or a stored tensor lacks the shape that its view needs.</exception>
    public MappedTensors(ITensorSource source, IEnumerable<MappedTensor> tensors)
    {
        _source = source;
        try
        {
            foreach (MappedTensor mapped in tensors)
            {
                if (_tensors.TryAdd(mapped.Name, (mapped, mapped.Entry))) continue;
                string first = _tensors[mapped.Name].Mapped.Stored.Name;
                throw new FormatException($"'{first}' and '{mapped.Stored.Name}' both stand for '{mapped.Name}'.");
            }
        }
        catch (FormatException e)
        {
            throw CheckpointException.FromFormatException(source.Path, e);
        }
    }

    /// <inheritdoc/>
    /// <remarks>The one file that the tensors are in, if it is one of several.</remarks>
    public string Path => _tensors.Values.Select(tensor => _source.PathOf(tensor.Mapped.Stored.Name)).Distinct().ToArray() is [var only]
        ? only
        : _source.Path;

    /// <inheritdoc/>
    public IReadOnlyCollection<TensorEntry> Entries => [.. _tensors.Values.Select(t => t.Entry)];

    /// <inheritdoc/>
    public TensorEntry? Find(string name) => _tensors.TryGetValue(name, out var found) ? found.Entry : null;

    /// <inheritdoc/>
    public void ReadInto(string name, Tensor destination)
    {
        this.Require(name, destination);
        MappedTensor mapped = _tensors[name].Mapped;
        if (mapped.Rows is { } rows)
        {
            _source.ReadRows(mapped.Stored.Name, rows, destination);
            return;
        }

        using IDisposable noGradient = no_grad();
        using Tensor plain = destination.detach();
        using Tensor view = mapped.View == TensorView.Transposed ? plain.t() : plain.view([.. mapped.Stored.Shape]);
        _source.ReadInto(mapped.Stored.Name, view);
    }

    /// <inheritdoc/>
    string ITensorSource.PathOf(string name) =>
        _tensors.TryGetValue(name, out var found) ? _source.PathOf(found.Mapped.Stored.Name) : _source.Path;

    /// <inheritdoc/>
    IReadOnlyDictionary<string, string> ITensorSource.Texts => _source.Texts;

    /// <inheritdoc/>
    void ITensorSource.ReadRows(string name, IReadOnlyList<RowRange> ranges, Tensor destination)
    {
        this.Require(name);
        MappedTensor mapped = _tensors[name].Mapped;
        if (mapped is { Rows: null, View: TensorView.Same })
        {
            _source.ReadRows(mapped.Stored.Name, ranges, destination);
            return;
        }

        using Tensor whole = this.Read(name);
        RowRange.Copy(whole, ranges, destination);
    }

    /// <inheritdoc/>
    StoredRows? ITensorSource.FindRows(string name) => _tensors.TryGetValue(name, out var found) && found.Mapped.View == TensorView.Same
        ? _source.FindRows(found.Mapped.Stored.Name)?.Select(found.Mapped.Rows)
        : null;

    /// <summary>Does nothing: the source belongs to the caller.</summary>
    public void Dispose()
    {
    }
}
