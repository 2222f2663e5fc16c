namespace LatentDiffusion.Checkpoints;

/// <summary>A module of an original file, and the modules of the network that its tensors belong to.</summary>
/// <param name="Original">Its name in the file, within its block.</param>
/// <param name="Names">Their names in the network, within their block, each of which has some of the rows.</param>
internal sealed record OriginalModule(string Original, params IReadOnlyList<string> Names)
{
    /// <summary>Relative numbers of rows of the <see cref="Names"/>. Default equal.</summary>
    public IReadOnlyList<int> Shares { get; init; } = [.. Names.Select(_ => 1)];

    /// <summary>Whether the second half of the rows comes first in the network. Default false.</summary>
    public bool SwapsHalves { get; init; }

    /// <summary>The network's tensors that a stored tensor contains.</summary>
    /// <param name="stored">The stored tensor.</param>
    /// <param name="prefix">What the names in the network begin with.</param>
    /// <param name="suffix">What they end with, for example <c>.weight</c>.</param>
    public IEnumerable<MappedTensor> Tensors(TensorEntry stored, string prefix, string suffix)
    {
        if (SwapsHalves)
        {
            yield return Mapped(0) with { Rows = [RowRange.Part(stored, 1, 2), RowRange.Part(stored, 0, 2)] };
            yield break;
        }

        if (Names.Count == 1)
        {
            yield return Mapped(0);
            yield break;
        }

        RowRange part = RowRange.Part(stored, 0, Shares.Sum());
        long start = 0;
        for (int i = 0; i < Names.Count; i++)
        {
            long rows = Shares[i] * part.Count;
            yield return Mapped(i) with { Rows = [new RowRange(start, rows)] };
            start += rows;
        }

        MappedTensor Mapped(int name) => new(prefix + Names[name] + suffix, stored);
    }
}
