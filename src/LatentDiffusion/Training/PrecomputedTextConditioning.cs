using TorchSharp;
using static TorchSharp.torch;

namespace LatentDiffusion.Training;

/// <summary>
/// Texts whose embeddings were computed before, by any text encoder: it then costs nothing in training.
/// <see cref="CachedTextConditioning"/> reads them from a file.
/// </summary>
public sealed class PrecomputedTextConditioning : ITextConditioning
{
    private readonly Tensor _embeddings, _empty;

    /// <summary>Prepares the texts.</summary>
    /// <param name="embeddings">Hidden states of the captions, [images, tokens, width]; the caller's.</param>
    /// <param name="empty">Hidden states of the empty caption, [tokens, width]; the caller's.</param>
    /// <exception cref="ArgumentException">The shapes do not fit.</exception>
    public PrecomputedTextConditioning(Tensor embeddings, Tensor empty)
    {
        ArgumentNullException.ThrowIfNull(embeddings);
        ArgumentNullException.ThrowIfNull(empty);
        if (embeddings.dim() != 3 || !embeddings.shape[1..].SequenceEqual(empty.shape))
            throw new ArgumentException(
                "Embeddings are [images, tokens, width] and that of the empty caption [tokens, width]; "
                    + $"[{string.Join(", ", embeddings.shape)}] and [{string.Join(", ", empty.shape)}] were given.",
                nameof(embeddings));
        (_embeddings, _empty) = (embeddings, empty);
    }

    /// <inheritdoc />
    public IReadOnlyDictionary<string, nn.Module> Modules { get; } = new Dictionary<string, nn.Module>();

    /// <inheritdoc />
    public Conditioning Encode(Tensor index, Tensor dropped)
    {
        ArgumentNullException.ThrowIfNull(dropped);
        using DisposeScope scope = NewDisposeScope();
        return new Conditioning(
            where(dropped.view(-1, 1, 1), _empty.to(_embeddings.dtype), _embeddings.index_select(0, index)).MoveToOuterDisposeScope());
    }
}
