using System.Text;

namespace LatentDiffusion.Tokenization;

/// <summary>
/// A tokenizer of a text encoder of the transformers library, read from its published files: byte-level byte-pair encoding (Qwen),
/// byte-pair encoding with byte fallback (Llama, Gemma) or unigram (T5), with added tokens. CLIP has its own,
/// <see cref="ClipTokenizer"/>. Accepts any text: invalid UTF-16 counts as U+FFFD. Immutable and safe for concurrent use.
/// </summary>
public sealed class TextTokenizer
{
    private readonly TokenizerDefinition _definition;
    private readonly AddedTokenSplitter _raw, _normalized;
    private readonly Dictionary<string, int> _normalizedIds = new(StringComparer.Ordinal);

    /// <param name="definition">What it consists of.</param>
    /// <param name="paddingToken">Fills the rest of a window; null where it has none.</param>
    /// <param name="contentKey">Identifies its files.</param>
    /// <param name="padsLeft">Whether padding comes before the tokens.</param>
    internal TextTokenizer(TokenizerDefinition definition, string? paddingToken, string contentKey, bool padsLeft = false)
    {
        (_definition, ContentKey, PadsLeft) = (definition, contentKey, padsLeft);
        _raw = new AddedTokenSplitter(definition.Added.Where(token => !token.IsNormalized));
        AddedToken[] normalized =
        [
            .. from token in definition.Added
               where token.IsNormalized
               select token with { Content = definition.Normalize(token.Content) },
        ];
        _normalized = new AddedTokenSplitter(normalized);
        if (paddingToken is null) return;
        PaddingId = IdOf(paddingToken)
            ?? throw new InvalidDataException($"The vocabulary has no padding token '{MessageText.Truncate(paddingToken, 200)}'.");
    }

    /// <summary>Id of the token that fills the rest of a window; null if the files do not name one.</summary>
    public int? PaddingId { get; }

    /// <summary>Whether padding comes before the tokens of a text (<c>padding_side</c> is <c>left</c>) instead of after them.</summary>
    public bool PadsLeft { get; }

    /// <summary>Number of tokens that <see cref="Encode(string)"/> adds to those of the text, for example one at its end.</summary>
    public int AddedCount => _definition.Before.Count + _definition.After.Count;

    /// <summary>Equal for two tokenizers only if they have the same files.</summary>
    internal string ContentKey { get; }

    /// <summary>Opens the tokenizer of a folder.</summary>
    /// <inheritdoc cref="TextTokenizerFiles.Open(string)"/>
    public static TextTokenizer Open(string folder) => TextTokenizerFiles.Open(folder).Build();

    /// <summary>The id of a token; null where the vocabulary has none of that text.</summary>
    /// <param name="token">The token as the vocabulary has it, for example <c>&lt;|im_end|&gt;</c>.</param>
    public int? IdOf(string token)
    {
        ArgumentNullException.ThrowIfNull(token);
        return _definition.IdOf(token);
    }

    /// <summary>The ids of a text with those that the tokenizer puts before and after each, for example the end token of T5.</summary>
    /// <param name="text">Any text.</param>
    /// <exception cref="InvalidDataException">
    /// A pattern of the files takes too long, or their normalizer makes the text too long.
    /// </exception>
    public IReadOnlyList<int> Encode(string text) => [.. _definition.Before, .. Tokenize(text), .. _definition.After];

    /// <summary>The same, padded or cut to a length. Text that does not fit is cut; what the tokenizer adds is kept.</summary>
    /// <param name="text">Any text.</param>
    /// <param name="length">Number of ids, at least <see cref="AddedCount"/> and 1.</param>
    /// <exception cref="ArgumentOutOfRangeException">The length is too small.</exception>
    /// <exception cref="InvalidOperationException">The tokenizer has no padding token.</exception>
    /// <exception cref="InvalidDataException">
    /// A pattern of the files takes too long, or their normalizer makes the text too long.
    /// </exception>
    public TokenizedPrompt Encode(string text, int length)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(length, Math.Max(1, AddedCount));
        return Pad([.. _definition.Before, .. Tokenize(text).Take(length - AddedCount), .. _definition.After], length);
    }

    /// <summary>The same for a message of a chat template, which has all special tokens in its text.</summary>
    internal TokenizedPrompt EncodeMessage(string text, int length) => Pad([.. Tokenize(text).Take(length)], length);

    /// <summary>The ids of a text only.</summary>
    /// <param name="text">Any text.</param>
    /// <exception cref="InvalidDataException">
    /// A pattern of the files takes too long, or their normalizer makes the text too long.
    /// </exception>
    public IReadOnlyList<int> Tokenize(string text)
    {
        ArgumentNullException.ThrowIfNull(text);
        var ids = new List<int>();
        bool isStart = true;
        foreach ((string part, AddedToken? token) in _raw.Split(Valid(text)))
        {
            if (token is not null) ids.Add(token.Id);
            else Read(_definition.Normalize(part), isStart, ids);
            isStart = false;
        }

        return ids;
    }

    private TokenizedPrompt Pad(int[] ids, int length)
    {
        int id = PaddingId ?? throw new InvalidOperationException("The tokenizer's files name no padding token.");
        IEnumerable<int> padding = Enumerable.Repeat(id, length - ids.Length), all = PadsLeft ? padding.Concat(ids) : ids.Concat(padding);
        return new TokenizedPrompt([.. all], ids.Length);
    }

    private void Read(string normalized, bool isStart, List<int> ids)
    {
        foreach ((string part, AddedToken? token) in _normalized.Split(normalized))
        {
            if (token is not null) ids.Add(token.Id);
            else
            {
                foreach (TextPiece piece in _definition.Split(new TextPiece(part, isStart)))
                    if (piece.Text.Length > 0) _definition.Model.Encode(piece.Text, ids);
            }

            isStart = false;
        }
    }

    /// <summary>The text with U+FFFD in place of halves of surrogate pairs.</summary>
    private static string Valid(string text)
    {
        if (!text.Any(char.IsSurrogate)) return text;
        var valid = new StringBuilder(text.Length);
        foreach (Rune rune in text.EnumerateRunes()) valid.Append(rune.ToString());
        return valid.ToString();
    }
}
