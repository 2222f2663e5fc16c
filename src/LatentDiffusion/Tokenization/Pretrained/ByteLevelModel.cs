using Microsoft.ML.Tokenizers;

namespace LatentDiffusion.Tokenization;

/// <summary>
/// Byte-pair encoding of bytes, which the vocabulary writes as <see cref="ByteSymbols"/> (Radford et al. 2019, section 2.2).
/// </summary>
internal sealed class ByteLevelModel : ITokenModel
{
    /// <summary>
    /// Maximum word length in UTF-16 units. Merging takes time quadratic in the length, so longer words are split; prompts end before.
    /// </summary>
    private const int MaximumWordLength = 2048;

    private readonly BpeTokenizer _tokenizer;
    private readonly BpeVocabulary _vocabulary;

    /// <exception cref="InvalidDataException">The vocabulary and its merges do not fit together.</exception>
    public ByteLevelModel(BpeVocabulary vocabulary)
    {
        _vocabulary = vocabulary;
        foreach ((string left, string right) in vocabulary.Merges)
        {
            if (left.Contains(' ', StringComparison.Ordinal) || right.Contains(' ', StringComparison.Ordinal))
                throw new InvalidDataException("one of its merges has a space; tokens of bytes do not contain spaces.");
        }

        try
        {
            _tokenizer = BpeTokenizer.Create(new BpeOptions(vocabulary.Tokens)
            {
                Merges = vocabulary.Merges.Select(merge => $"{merge.Left} {merge.Right}"),
                ByteLevel = true,
            });
        }
        catch (Exception e) when (e is InvalidOperationException or ArgumentException)
        {
            throw new InvalidDataException($"The vocabulary and its merges do not fit together: {MessageText.Truncate(e.Message, 500)}", e);
        }
    }

    public int? IdOf(string token) => _vocabulary.Tokens.TryGetValue(token, out int id) ? id : null;

    public void Encode(string word, List<int> ids)
    {
        for (int start = 0; start < word.Length;)
        {
            int end = Math.Min(word.Length, start + MaximumWordLength);
            if (end < word.Length && char.IsLowSurrogate(word[end])) end--;
            string part = word[start..end];
            ids.AddRange(_tokenizer.EncodeToIds(part, considerPreTokenization: false, considerNormalization: false));
            start = end;
        }
    }
}
