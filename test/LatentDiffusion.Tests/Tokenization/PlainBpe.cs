using System.Text;

namespace LatentDiffusion.Tests.Tokenization;

/// <summary>A slow and simple implementation of byte-pair encoding as in the paper, for comparison.</summary>
internal sealed class PlainBpe(BpeVocabulary vocabulary)
{
    private readonly Dictionary<(string, string), int> _ranks = vocabulary.Merges.Index().ToDictionary(m => m.Item, m => m.Index);

    public List<int> Encode(string text)
    {
        string normalized = new ClipNormalizer().Normalize(text);
        var ids = new List<int>();
        foreach ((int offset, int length) in new ClipPreTokenizer(BpeVocabulary.StartToken, BpeVocabulary.EndToken).PreTokenize(normalized))
        {
            string word = normalized.Substring(offset, length);
            if (word is BpeVocabulary.StartToken or BpeVocabulary.EndToken) ids.Add(vocabulary.Tokens[word]);
            else ids.AddRange(Merge(word).Select(token => vocabulary.Tokens[token]));
        }

        return ids;
    }

    private List<string> Merge(string word)
    {
        List<string> symbols = [.. Encoding.UTF8.GetBytes(word).Select(b => ByteSymbols.ForByte(b).ToString())];
        symbols[^1] += BpeVocabulary.EndOfWord;
        while (true)
        {
            int best = -1, rank = int.MaxValue;
            for (int i = 1; i < symbols.Count; i++)
                if (_ranks.TryGetValue((symbols[i - 1], symbols[i]), out int r) && r < rank) (best, rank) = (i, r);
            if (best < 0) return symbols;
            symbols[best - 1] += symbols[best];
            symbols.RemoveAt(best);
        }
    }
}
