namespace LatentDiffusion.Tokenization;

/// <summary>
/// Cuts captions into the token ids that a text encoder reads, for caches that keep ids in place of texts. Immutable and safe for
/// concurrent use.
/// </summary>
public interface ITokenizer
{
    /// <summary>Number of ids of every caption, with padding.</summary>
    int MaxLength { get; }

    /// <summary>Identifies what its results depend on: vocabulary, length and padding. Caches contain it in their key.</summary>
    string ContentKey { get; }

    /// <summary>The ids of a caption, <see cref="MaxLength"/> of them.</summary>
    /// <param name="text">The caption.</param>
    IReadOnlyList<long> EncodeIds(string text);

    /// <summary>Number of tokens that a caption has more than fit, and that its ids lack. 0 for a caption that fits.</summary>
    /// <param name="text">The caption.</param>
    int CountTruncatedTokens(string text);
}
