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
    private readonly Func<Tensor> _values;

    /// <param name="firstId">Id of the first vector.</param>
    /// <param name="embeddings">At least one, in the order of their ids, each [vectors, width].</param>
    public AddedEmbeddings(int firstId, IReadOnlyList<float[,]> embeddings)
    {
        int count = embeddings.Sum(e => e.GetLength(0));
        float[] values = [.. embeddings.SelectMany(e => e.Cast<float>())];
        (_firstId, _count, _values) = (firstId, count, () => tensor(values, [count, values.Length / count]));
    }

    /// <summary>Embeddings that are trained: their values are read at each evaluation.</summary>
    /// <param name="firstId">Id of the first vector.</param>
    /// <param name="trained">The embeddings, in the order of their ids; the caller's.</param>
    public AddedEmbeddings(int firstId, TrainedEmbeddings trained) =>
        (_firstId, _count, _values) = (firstId, (int)trained.Values.shape[0], () => trained.Values.alias());

    /// <summary>Identifies the values.</summary>
    public string ContentKey
    {
        get
        {
            using IDisposable noGradient = no_grad();
            using DisposeScope scope = NewDisposeScope();
            float[] values = [.. _values().to(ScalarType.Float32).cpu().data<float>()];
            return Convert.ToHexStringLower(SHA256.HashData(MemoryMarshal.AsBytes(values.AsSpan())));
        }
    }

    /// <summary>Embeddings of all ids.</summary>
    /// <param name="ids">Token ids, [batch, tokens], int64.</param>
    /// <param name="table">Gives those of the vocabulary's ids.</param>
    /// <returns>[batch, tokens, width].</returns>
    public Tensor Embed(Tensor ids, Func<Tensor, Tensor> table)
    {
        using DisposeScope scope = NewDisposeScope();
        Tensor known = table(WithoutAdded(ids)), rows = ids.Subtract(_firstId).to(ScalarType.Int64).Clamp(0L, _count - 1);
        Tensor added = _values().to(known.dtype, known.device).index_select(0, rows.flatten());
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
