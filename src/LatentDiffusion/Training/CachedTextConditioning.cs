using static TorchSharp.torch;

namespace LatentDiffusion.Training;

/// <summary>
/// Texts from a file of embeddings, a batch at a time: any text encoder, pooled text and mask included, for a set larger
/// than memory.
/// </summary>
public sealed class CachedTextConditioning : ITextConditioning
{
    private readonly TextEmbeddingCache _cache;
    private readonly int _variants;

    /// <summary>Prepares the texts.</summary>
    /// <param name="cache">The captions' embeddings, in the order of the images; the caller's.</param>
    /// <param name="variants">Rows of the latents' cache that each image has (<see cref="LatentCache.Variants"/>), at least 1. Default
    /// 1.</param>
    public CachedTextConditioning(TextEmbeddingCache cache, int variants = 1)
    {
        ArgumentNullException.ThrowIfNull(cache);
        ArgumentOutOfRangeException.ThrowIfLessThan(variants, 1);
        (_cache, _variants) = (cache, variants);
    }

    /// <inheritdoc />
    public string ContentKey => _cache.Key;

    /// <inheritdoc />
    public IReadOnlyDictionary<string, nn.Module> Modules { get; } = new Dictionary<string, nn.Module>();

    /// <inheritdoc />
    public Conditioning Encode(Tensor index, Tensor dropped)
    {
        ArgumentNullException.ThrowIfNull(index);
        ArgumentNullException.ThrowIfNull(dropped);
        long[] captions = [.. index
            .data<long>()
            .Zip(dropped.data<bool>(), (row, none) => none ? TextEmbeddingCache.EmptyCaption : row / _variants)];
        return _cache.Read(captions);
    }
}
