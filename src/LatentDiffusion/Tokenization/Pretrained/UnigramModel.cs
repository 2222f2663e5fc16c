using System.Text;

namespace LatentDiffusion.Tokenization;

/// <summary>The most probable segmentation into pieces with log probabilities (Kudo 2018, section 3.2), by Viterbi's algorithm.</summary>
internal sealed class UnigramModel : ITokenModel
{
    /// <summary>How much less probable a character that is not a piece is than the least probable piece.</summary>
    private const double UnknownPenalty = 10;

    private readonly PieceTrie _trie = new();
    private readonly Dictionary<string, int> _ids = new(StringComparer.Ordinal);
    private readonly double[] _scores;
    private readonly double _unknownScore;
    private readonly int? _unknown;
    private readonly int[]? _bytes;

    /// <param name="pieces">Pieces with their scores; the index is the id.</param>
    /// <param name="unknown">Id of the piece for text that no piece covers; null without such a piece.</param>
    /// <param name="fallsBackToBytes">Whether such text becomes its bytes, if the vocabulary has tokens for them.</param>
    /// <param name="isFound">Which pieces are found in texts; null for all.</param>
    /// <exception cref="InvalidDataException">A score is not finite, or the id is not one of the pieces.</exception>
    public UnigramModel(
        IReadOnlyList<(string Text, double Score)> pieces, int? unknown, bool fallsBackToBytes, Func<int, bool>? isFound = null)
    {
        if (unknown >= pieces.Count) throw new InvalidDataException($"Its unknown piece {unknown} is not one of {pieces.Count}.");
        _scores = [.. pieces.Select(piece => piece.Score)];
        if (!_scores.All(double.IsFinite)) throw new InvalidDataException("A score of its pieces is not finite.");
        foreach ((int id, (string text, _)) in pieces.Index())
        {
            _ids[text] = id;
            if (text.Length > 0 && (isFound is null || isFound(id))) _trie.Add(text, id);
        }

        _unknown = unknown;
        _unknownScore = _scores.DefaultIfEmpty().Min() - UnknownPenalty;
        int?[] bytes = fallsBackToBytes ? [.. Enumerable.Range(0, 256).Select(value => IdOf($"<0x{value:X2}>"))] : [null];
        if (bytes.All(id => id is not null)) _bytes = [.. bytes.Select(id => id!.Value)];
    }

    /// <summary>Number of pieces.</summary>
    public int Count => _scores.Length;

    public int? IdOf(string token) => _ids.TryGetValue(token, out int id) ? id : null;

    public void Encode(string word, List<int> ids)
    {
        // The best way to each place: where its last piece begins, and its id, or -1 for a character that is not a piece.
        var best = new (double Score, int Start, int Id)[word.Length + 1];
        for (int i = 1; i < best.Length; i++) best[i] = (double.NegativeInfinity, -1, -1);
        for (int start = 0; start < word.Length;)
        {
            int length = char.IsHighSurrogate(word[start]) && start + 1 < word.Length ? 2 : 1;
            bool hasCharacter = false;
            foreach ((int id, int pieceLength) in _trie.At(word, start))
            {
                hasCharacter |= pieceLength == length;
                Offer(start + pieceLength, best[start].Score + _scores[id], start, id);
            }

            if (!hasCharacter) Offer(start + length, best[start].Score + _unknownScore, start, -1);
            start += length;
        }

        Append(word, best, ids);

        void Offer(int end, double score, int start, int id)
        {
            if (best[end].Start < 0 || score > best[end].Score) best[end] = (score, start, id);
        }
    }

    private void Append(string word, (double Score, int Start, int Id)[] best, List<int> ids)
    {
        var path = new Stack<(int Start, int End, int Id)>();
        for (int end = word.Length; end > 0; end = best[end].Start) path.Push((best[end].Start, end, best[end].Id));
        bool wasUnknown = false;
        foreach ((int start, int end, int id) in path)
        {
            if (id >= 0) ids.Add(id);
            else if (_bytes is not null) ids.AddRange(Encoding.UTF8.GetBytes(word[start..end]).Select(value => _bytes[value]));
            else if (_unknown is { } unknown && !wasUnknown) ids.Add(unknown);
            wasUnknown = id < 0;
        }
    }
}
