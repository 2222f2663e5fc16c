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
            throw CheckpointException.Of(source.Path, e);
        }
    }

    /// <inheritdoc/>
    public string Path => _source.Path;

    /// <inheritdoc/>
    public IReadOnlyCollection<TensorEntry> Entries => [.. _tensors.Values.Select(t => t.Entry)];

    /// <inheritdoc/>
    public TensorEntry? Find(string name) => _tensors.TryGetValue(name, out var found) ? found.Entry : null;

    /// <inheritdoc/>
    public void ReadInto(string name, Tensor destination)
    {
        this.Require(name, destination);
        (MappedTensor mapped, TensorEntry entry) = _tensors[name];
        using IDisposable noGradient = no_grad();
        using Tensor plain = destination.detach();
        if (mapped.IsThird)
        {
            using Tensor whole = _source.Read(mapped.Stored.Name);
            using Tensor part = whole.narrow(0, (mapped.View - TensorView.FirstThird) * entry.Shape[0], entry.Shape[0]);
            plain.copy_(part);
            return;
        }

        using Tensor view = mapped.View == TensorView.Transposed ? plain.t() : plain.view([.. mapped.Stored.Shape]);
        _source.ReadInto(mapped.Stored.Name, view);
    }

    /// <summary>Does nothing: the source belongs to the caller.</summary>
    public void Dispose()
    {
    }
}
