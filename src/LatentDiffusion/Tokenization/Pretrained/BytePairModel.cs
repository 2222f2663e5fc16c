using System.Runtime.InteropServices;
using System.Text;

namespace LatentDiffusion.Tokenization;

/// <summary>
/// Byte-pair encoding of characters (Sennrich et al. 2016, algorithm 1), where a character that the vocabulary lacks is written as
/// tokens of its bytes (<c>&lt;0x0A&gt;</c>) or as the unknown token. Takes time n·log n in the length of a word.
/// </summary>
internal sealed class BytePairModel : ITokenModel
{
    private readonly IReadOnlyDictionary<string, int> _tokens;
    private readonly Dictionary<(int Left, int Right), (int Rank, int Id)> _merges = [];
    private readonly int[]? _bytes;
    private readonly int? _unknown;

    /// <exception cref="InvalidDataException">A merge has a token that the vocabulary lacks.</exception>
    public BytePairModel(BpeVocabulary vocabulary)
    {
        _tokens = vocabulary.Tokens;
        foreach ((int rank, (string left, string right)) in vocabulary.Merges.Index())
            _merges.TryAdd((Required(left), Required(right)), (rank, Required(left + right)));
        int?[] bytes = [.. Enumerable.Range(0, 256).Select(value => IdOf($"<0x{value:X2}>"))];
        if (bytes.All(id => id is not null)) _bytes = [.. bytes.Select(id => id!.Value)];
    }

    /// <summary>Whether characters stand for bytes.</summary>
    public bool IsByteLevel { get; init; }

    /// <summary>Whether a word that is a token is that token, whatever the merges.</summary>
    public bool IgnoresMerges { get; init; }

    /// <summary>Whether a character that the vocabulary lacks becomes its bytes.</summary>
    public bool FallsBackToBytes { get; init; }

    /// <summary>Whether unknown characters in a row are one unknown token.</summary>
    public bool JoinsUnknown { get; init; }

    /// <summary>The token for unknown characters; null to leave them out.</summary>
    public string? UnknownToken
    {
        init
        {
            if (value is not null) _unknown = Required(value);
        }
    }

    public int? IdOf(string token) => _tokens.TryGetValue(token, out int id) ? id : null;

    public void Encode(string word, List<int> ids)
    {
        if (IsByteLevel) word = string.Concat(Encoding.UTF8.GetBytes(word).Select(ByteSymbols.ForByte));
        if (IgnoresMerges && IdOf(word) is { } whole)
        {
            ids.Add(whole);
            return;
        }

        List<int> symbols = Symbols(word);
        Merge(symbols);
        ids.AddRange(symbols.Where(id => id >= 0));
    }

    private List<int> Symbols(string word)
    {
        var symbols = new List<int>(word.Length);
        bool wasUnknown = false;
        Span<byte> utf8 = stackalloc byte[4];
        foreach (Rune rune in word.EnumerateRunes())
        {
            bool isUnknown = false;
            if (IdOf(rune.ToString()) is { } id) symbols.Add(id);
            else if (FallsBackToBytes && _bytes is not null)
            {
                foreach (byte value in utf8[..rune.EncodeToUtf8(utf8)]) symbols.Add(_bytes[value]);
            }
            else if (_unknown is { } unknown)
            {
                if (!(wasUnknown && JoinsUnknown)) symbols.Add(unknown);
                isUnknown = true;
            }

            wasUnknown = isUnknown;
        }

        return symbols;
    }

    /// <summary>
    /// Joins the pair of the lowest rank, and of several the leftmost, until no pair can be joined. A symbol that was joined with the
    /// one before it is left as −1.
    /// </summary>
    private void Merge(List<int> symbols)
    {
        int count = symbols.Count;
        int[] next = [.. Enumerable.Range(1, count)], previous = [.. Enumerable.Range(-1, count)];
        var queue = new PriorityQueue<(int Left, int Right, int Id), (int Rank, int Position)>();
        for (int i = 0; i + 1 < count; i++) Offer(i, i + 1);
        Span<int> ids = CollectionsMarshal.AsSpan(symbols);
        while (queue.TryDequeue(out (int Left, int Right, int Id) pair, out (int Rank, int Position) place))
        {
            int left = place.Position, right = next[left];
            // One of the two was joined meanwhile.
            if (ids[left] != pair.Left || right >= count || ids[right] != pair.Right) continue;
            (ids[left], ids[right]) = (pair.Id, -1);
            next[left] = next[right];
            if (next[left] < count)
            {
                previous[next[left]] = left;
                Offer(left, next[left]);
            }

            if (previous[left] >= 0) Offer(previous[left], left);
        }

        void Offer(int left, int right)
        {
            if (_merges.TryGetValue((symbols[left], symbols[right]), out (int Rank, int Id) merge))
                queue.Enqueue((symbols[left], symbols[right], merge.Id), (merge.Rank, left));
        }
    }

    private int Required(string token) => IdOf(token)
        ?? throw new InvalidDataException($"The vocabulary has no token '{MessageText.Truncate(token, 200)}'.");
}
