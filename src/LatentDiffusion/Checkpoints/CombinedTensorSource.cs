using static TorchSharp.torch;

namespace LatentDiffusion.Checkpoints;

/// <summary>Several sources as one. The sources stay open when it is disposed.</summary>
/// <param name="sources">The sources. Their names of tensors are distinct.</param>
internal sealed class CombinedTensorSource(params IReadOnlyList<ITensorSource> sources) : ITensorSource
{
    /// <inheritdoc/>
    public string Path => string.Join(" and ", sources.Select(s => s.Path));

    /// <inheritdoc/>
    public IReadOnlyCollection<TensorEntry> Entries => [.. sources.SelectMany(s => s.Entries)];

    /// <inheritdoc/>
    public TensorEntry? Find(string name) => sources.Select(s => s.Find(name)).FirstOrDefault(entry => entry is not null);

    /// <inheritdoc/>
    public void ReadInto(string name, Tensor destination)
    {
        ITensorSource source = SourceOf(name) ?? sources[0];
        source.ReadInto(name, destination);
    }

    /// <inheritdoc/>
    string ITensorSource.PathOf(string name) => SourceOf(name)?.PathOf(name) ?? Path;

    /// <inheritdoc/>
    void ITensorSource.ReadRows(string name, IReadOnlyList<RowRange> ranges, Tensor destination) =>
        (SourceOf(name) ?? sources[0]).ReadRows(name, ranges, destination);

    /// <inheritdoc/>
    StoredRows? ITensorSource.FindRows(string name) => SourceOf(name)?.FindRows(name);

    /// <summary>Does nothing: the sources belong to the caller.</summary>
    public void Dispose()
    {
    }

    private ITensorSource? SourceOf(string name) => sources.FirstOrDefault(s => s.Find(name) is not null);
}
