using System.Runtime.InteropServices;
using System.Security.Cryptography;
using TorchSharp;
using static TorchSharp.torch;

namespace LatentDiffusion.Networks;

/// <summary>
/// Embeddings of tokens in addition to those of a network's table, which does not change. Their ids follow the vocabulary's.
/// </summary>
internal sealed class AddedEmbeddings
{
    private readonly int _firstId, _count;
    private readonly float[] _values;

    /// <param name="firstId">Id of the first vector.</param>
    /// <param name="embeddings">At least one, in the order of their ids, each [vectors, width].</param>
    public AddedEmbeddings(int firstId, IReadOnlyList<float[,]> embeddings)
    {
        _firstId = firstId;
        _count = embeddings.Sum(e => e.GetLength(0));
        _values = [.. embeddings.SelectMany(e => e.Cast<float>())];
    }

    /// <summary>Identifies the values.</summary>
    public string ContentKey => Convert.ToHexStringLower(SHA256.HashData(MemoryMarshal.AsBytes(_values.AsSpan())));

    /// <summary>Embeddings of all ids.</summary>
    /// <param name="ids">Token ids, [batch, tokens], int64.</param>
    /// <param name="table">Gives those of the vocabulary's ids.</param>
    /// <returns>[batch, tokens, width].</returns>
    public Tensor Embed(Tensor ids, Func<Tensor, Tensor> table)
    {
        using DisposeScope scope = NewDisposeScope();
        Tensor known = table(WithoutAdded(ids)), rows = ids.Subtract(_firstId).to(ScalarType.Int64).Clamp(0L, _count - 1);
        Tensor added = tensor(_values, [_count, known.shape[^1]], device: known.device).to(known.dtype).index_select(0, rows.flatten());
        return where(IsAdded(ids).unsqueeze(-1), added.view(known.shape), known).MoveToOuterDisposeScope();
    }

    /// <summary>The ids with 0 in place of added ones.</summary>
    public Tensor WithoutAdded(Tensor ids)
    {
        using DisposeScope scope = NewDisposeScope();
        return where(IsAdded(ids), zeros_like(ids), ids).MoveToOuterDisposeScope();
    }

    private Tensor IsAdded(Tensor ids) => ids.GreaterThan(_firstId - 0.5);
}
