namespace LatentDiffusion.Tokenization;

/// <summary>Pieces of a vocabulary by their beginnings.</summary>
internal sealed class PieceTrie
{
    private readonly Dictionary<(int Node, char Next), int> _edges = [];
    private readonly Dictionary<int, int> _pieces = [];

    /// <summary>Adds a piece; of equal ones the last counts.</summary>
    public void Add(string piece, int index)
    {
        int node = 0;
        foreach (char next in piece)
        {
            if (!_edges.TryGetValue((node, next), out int child)) _edges[(node, next)] = child = _edges.Count + 1;
            node = child;
        }

        _pieces[node] = index;
    }

    /// <summary>The pieces that a text has at a place, the shortest first.</summary>
    public IEnumerable<(int Index, int Length)> At(string text, int start)
    {
        int node = 0;
        for (int at = start; at < text.Length && _edges.TryGetValue((node, text[at]), out node); at++)
            if (_pieces.TryGetValue(node, out int index)) yield return (index, at + 1 - start);
    }
}
