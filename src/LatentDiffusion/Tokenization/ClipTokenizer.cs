using Microsoft.ML.Tokenizers;

namespace LatentDiffusion.Tokenization;

/// <summary>
/// CLIP's tokenizer: byte-level byte-pair encoding of lower-case words (Radford et al. 2021, section 2.4). Accepts any text:
/// invalid UTF-16 counts as U+FFFD. Immutable and safe for concurrent use.
/// </summary>
public sealed class ClipTokenizer : ITokenizer
{
    private readonly BpeTokenizer _tokenizer;
    private readonly BpeVocabulary _vocabulary;
    private readonly AddedTokens? _added;

    /// <summary>Builds a tokenizer.</summary>
    /// <param name="vocabulary">Tokens and merges.</param>
    /// <param name="maxLength">Length of every prompt's ids, including start and end; at least 2, default 77.</param>
    /// <param name="paddingToken">Padding: CLIP's text encoders use the end token (the default), OpenCLIP's <c>!</c>.</param>
    /// <exception cref="InvalidDataException">
    /// The vocabulary lacks a required token, or a merge contains a token that it lacks.
    /// </exception>
    public ClipTokenizer(BpeVocabulary vocabulary, int maxLength = 77, string paddingToken = BpeVocabulary.EndToken)
    {
        ArgumentNullException.ThrowIfNull(vocabulary);
        ArgumentOutOfRangeException.ThrowIfLessThan(maxLength, 2);
        (_vocabulary, MaxLength) = (vocabulary, maxLength);
        VocabularySize = vocabulary.Tokens.Count;
        StartId = Id(BpeVocabulary.StartToken);
        EndId = Id(BpeVocabulary.EndToken);
        PaddingId = Id(paddingToken);
        _tokenizer = Create(vocabulary);

        int Id(string token) => vocabulary.Tokens.TryGetValue(token, out int id)
            ? id
            : throw new InvalidDataException($"The vocabulary has no token '{MessageText.Truncate(token, 200)}'.");
    }

    private ClipTokenizer(ClipTokenizer other, AddedTokens added)
    {
        (_tokenizer, _vocabulary, _added) = (other._tokenizer, other._vocabulary, added);
        (MaxLength, VocabularySize) = (other.MaxLength, other.VocabularySize);
        (StartId, EndId, PaddingId) = (other.StartId, other.EndId, other.PaddingId);
        FirstAddedId = _vocabulary.Tokens.Values.Max() + 1;
    }

    /// <summary>Length of every prompt's ids, including start and end.</summary>
    public int MaxLength { get; }

    /// <summary>Number of tokens in the vocabulary.</summary>
    public int VocabularySize { get; }

    /// <summary>Id of the token that begins every prompt.</summary>
    public int StartId { get; }

    /// <summary>Id of the token that ends every prompt.</summary>
    public int EndId { get; }

    /// <summary>Id of the padding token.</summary>
    public int PaddingId { get; }

    /// <summary>Id of the first added token; 0 without added tokens.</summary>
    internal int FirstAddedId { get; }

    /// <summary>Equal for two tokenizers only if they give the same ids for every prompt.</summary>
    internal string ContentKey => StableHash.Compute(string.Join('\n', (string[])
    [
        $"{MaxLength} {PaddingId}",
        .. _vocabulary.Tokens.Select(t => $"{t.Value} {t.Key}").Order(StringComparer.Ordinal),
        .. _vocabulary.Merges.Select(m => $"{m.Left} {m.Right}"),
        .. _added?.Names ?? [],
    ]));

    string ITokenizer.ContentKey => ContentKey;

    /// <summary>Builds a tokenizer from the contents of <c>vocab.json</c> and <c>merges.txt</c>.</summary>
    /// <inheritdoc cref="BpeVocabulary.Read"/>
    public static ClipTokenizer Read(Stream tokens, Stream merges) => new(BpeVocabulary.Read(tokens, merges));

    /// <summary>Tokenizes a prompt into ids of fixed length. Text that does not fit is truncated; the end token is kept.</summary>
    /// <param name="prompt">Any text; the empty prompt is the unconditional one.</param>
    public TokenizedPrompt Encode(string prompt)
    {
        ArgumentNullException.ThrowIfNull(prompt);
        var ids = new long[MaxLength];
        Array.Fill(ids, PaddingId);
        ids[0] = StartId;
        int count = 1;
        if (MaxLength > 2)
        {
            IEnumerable<int> text = _added is null
                ? _tokenizer.EncodeToIds(prompt, MaxLength - 2, out _, out _)
                : Tokenize(prompt).Take(MaxLength - 2);
            foreach (int id in text) ids[count++] = id;
        }

        ids[count++] = EndId;
        return new TokenizedPrompt(ids, count);
    }

    /// <summary>Tokenizes a text without start, end, truncation or padding.</summary>
    /// <param name="text">Any text.</param>
    public IReadOnlyList<int> Tokenize(string text)
    {
        ArgumentNullException.ThrowIfNull(text);
        if (_added is null) return _tokenizer.EncodeToIds(text);
        var ids = new List<int>();
        foreach ((string piece, int? added) in _added.Split(_added.Expand(text)))
        {
            if (added is { } number) ids.Add(FirstAddedId + number);
            else ids.AddRange(_tokenizer.EncodeToIds(piece));
        }

        return ids;
    }

    IReadOnlyList<long> ITokenizer.EncodeIds(string text) => Encode(text).Ids;

    int ITokenizer.CountTruncatedTokens(string text) => CountTruncatedTokens(text);

    /// <summary>A copy of the tokenizer whose added tokens are replaced.</summary>
    internal ClipTokenizer With(AddedTokens added) => new(this, added);

    /// <summary>Number of ids from this one on that belong to one added token; 1 for every other id.</summary>
    internal int IdsFrom(int id) => _added is null || id < FirstAddedId ? 1 : _added.VectorsFrom(id - FirstAddedId);

    /// <summary>Number of tokens that <see cref="Encode"/> truncates.</summary>
    internal int CountTruncatedTokens(string prompt) => Math.Max(0, Tokenize(prompt).Count - (MaxLength - 2));

    private static BpeTokenizer Create(BpeVocabulary vocabulary)
    {
        try
        {
            return BpeTokenizer.Create(new BpeOptions(vocabulary.Tokens)
            {
                Merges = vocabulary.Merges.Select(m => $"{m.Left} {m.Right}"),
                Normalizer = new ClipNormalizer(),
                PreTokenizer = new ClipPreTokenizer(BpeVocabulary.StartToken, BpeVocabulary.EndToken),
                SpecialTokens = new Dictionary<string, int>
                {
                    [BpeVocabulary.StartToken] = vocabulary.Tokens[BpeVocabulary.StartToken],
                    [BpeVocabulary.EndToken] = vocabulary.Tokens[BpeVocabulary.EndToken],
                },
                ByteLevel = true,
                EndOfWordSuffix = BpeVocabulary.EndOfWord,
                UnknownToken = BpeVocabulary.EndToken,
            });
        }
        catch (Exception e) when (e is InvalidOperationException or ArgumentException)
        {
            throw new InvalidDataException($"The vocabulary and its merges do not fit together: {MessageText.Truncate(e.Message, 500)}", e);
        }
    }
}
