using System.Text;

namespace LatentDiffusion.Tokenization;

/// <summary>
/// Learns a small byte-pair encoding vocabulary from captions (Sennrich et al. 2016, algorithm 1), in CLIP's format, for models
/// trained from scratch. The same captions, in any order, give the same vocabulary.
/// </summary>
public static class BpeTrainer
{
    /// <summary>A symbol for each byte within a word and at its end, and two special tokens.</summary>
    private const int FixedTokens = 256 + 256 + 2;

    /// <summary>Learns merges, the most frequent pair first, until the vocabulary is full or no pair occurs twice.</summary>
    /// <param name="captions">The texts to learn from.</param>
    /// <param name="vocabularySize">Maximum number of tokens; at least 514, which allows no merges.</param>
    /// <exception cref="ArgumentOutOfRangeException">The size is less than 514.</exception>
    public static BpeVocabulary Train(IEnumerable<string> captions, int vocabularySize)
    {
        ArgumentNullException.ThrowIfNull(captions);
        ArgumentOutOfRangeException.ThrowIfLessThan(vocabularySize, FixedTokens);
        string[] symbols = [.. ByteSymbols.InVocabularyOrder.Select(c => c.ToString())];
        List<string> tokens = [.. symbols, .. symbols.Select(s => s + BpeVocabulary.EndOfWord)];
        var known = tokens.ToHashSet();
        var merges = new List<(string, string)>();
        List<(List<string> Word, long Count)> words = CountWords(captions);
        while (tokens.Count < vocabularySize - 2 && MostFrequentPair(words) is { } pair)
        {
            merges.Add(pair);

            // Two pairs may spell the same token; it is one token with two merges.
            if (known.Add(pair.Left + pair.Right)) tokens.Add(pair.Left + pair.Right);
            foreach ((List<string> word, _) in words) Merge(word, pair);
        }

        tokens.AddRange([BpeVocabulary.StartToken, BpeVocabulary.EndToken]);
        return new BpeVocabulary(tokens.Index().ToDictionary(t => t.Item, t => t.Index), merges);
    }

    private static List<(List<string> Word, long Count)> CountWords(IEnumerable<string> captions)
    {
        var normalizer = new ClipNormalizer();
        var preTokenizer = new ClipPreTokenizer(BpeVocabulary.StartToken, BpeVocabulary.EndToken);
        var counts = new Dictionary<string, long>();
        foreach (string caption in captions)
        {
            string text = normalizer.Normalize(caption);
            foreach ((int offset, int length) in preTokenizer.PreTokenize(text))
            {
                string word = text.Substring(offset, length);
                if (word is not (BpeVocabulary.StartToken or BpeVocabulary.EndToken))
                    counts[word] = counts.GetValueOrDefault(word) + 1;
            }
        }

        return [.. counts.Select(c => (Symbols(c.Key), c.Value))];
    }

    private static List<string> Symbols(string word)
    {
        List<string> symbols = [.. Encoding.UTF8.GetBytes(word).Select(b => ByteSymbols.ForByte(b).ToString())];
        symbols[^1] += BpeVocabulary.EndOfWord;
        return symbols;
    }

    /// <summary>
    /// The most frequent pair; among equals the first in ordinal order, so that the result does not depend on the order of captions.
    /// </summary>
    private static (string Left, string Right)? MostFrequentPair(List<(List<string> Word, long Count)> words)
    {
        var counts = new Dictionary<(string Left, string Right), long>();
        foreach ((List<string> word, long count) in words)
            for (int i = 1; i < word.Count; i++)
                counts[(word[i - 1], word[i])] = counts.GetValueOrDefault((word[i - 1], word[i])) + count;

        (string Left, string Right)? best = null;
        long most = 1;
        foreach (((string Left, string Right) pair, long count) in counts)
        {
            if (count < most || (count == most && (best is null || Compare(pair, best.Value) > 0))) continue;
            (best, most) = (pair, count);
        }

        return best;

        static int Compare((string Left, string Right) a, (string Left, string Right) b) =>
            string.CompareOrdinal(a.Left, b.Left) is var left and not 0 ? left : string.CompareOrdinal(a.Right, b.Right);
    }

    private static void Merge(List<string> word, (string Left, string Right) pair)
    {
        for (int i = 1; i < word.Count; i++)
        {
            if (word[i - 1] != pair.Left || word[i] != pair.Right) continue;
            word[i - 1] += word[i];
            word.RemoveAt(i);
        }
    }
}
