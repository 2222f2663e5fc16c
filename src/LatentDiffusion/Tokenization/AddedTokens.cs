using System.Text.RegularExpressions;

namespace LatentDiffusion.Tokenization;

/// <summary>
/// Tokens that textual inversion adds to a vocabulary. A token with n vectors is written T in a prompt, and becomes the tokens
/// T, T_1, …, T_(n−1), named as in diffusers.
/// </summary>
internal sealed class AddedTokens
{
    private readonly Dictionary<string, int> _numbers = new(StringComparer.Ordinal);
    private readonly Dictionary<string, int> _vectors = new(StringComparer.Ordinal);
    private readonly List<string> _names = [];
    private readonly Regex _pattern;

    /// <summary>Numbers the tokens.</summary>
    /// <param name="tokens">The tokens with their numbers of vectors.</param>
    /// <exception cref="ArgumentException">Two tokens have the same name.</exception>
    public AddedTokens(IReadOnlyList<(string Token, int Vectors)> tokens)
    {
        foreach ((string token, int vectors) in tokens)
        {
            _vectors[token] = vectors;
            foreach (string name in NamesOf(token, vectors))
            {
                if (!_numbers.TryAdd(name, _names.Count))
                    throw new ArgumentException($"Two embeddings have the token '{name}'; give one of them another.", nameof(tokens));
                _names.Add(name);
            }
        }

        // Of several tokens at one position, the longest is used.
        string[] patterns = [.. _names.OrderByDescending(name => name.Length).Select(Regex.Escape)];
        _pattern = new Regex(patterns.Length == 0 ? "(?!)" : string.Join('|', patterns), RegexOptions.CultureInvariant);
    }

    /// <summary>All tokens, in the order of their ids.</summary>
    public IReadOnlyList<string> Names => _names;

    /// <summary>Replaces tokens with several vectors by all their tokens.</summary>
    public string Expand(string text) => _pattern.Replace(text, match => _vectors.TryGetValue(match.Value, out int vectors)
        ? string.Join(' ', NamesOf(match.Value, vectors))
        : match.Value);

    /// <summary>Added tokens, by their numbers, and the texts between them, in order.</summary>
    public IEnumerable<(string Text, int? Number)> Split(string text)
    {
        int end = 0;
        foreach (Match match in _pattern.Matches(text))
        {
            if (match.Index > end) yield return (text[end..match.Index], null);
            yield return (match.Value, _numbers[match.Value]);
            end = match.Index + match.Length;
        }

        if (end < text.Length) yield return (text[end..], null);
    }

    /// <summary>Number of vectors of the token that begins at a number; 1 for its other tokens.</summary>
    public int VectorsFrom(int number) => _vectors.GetValueOrDefault(_names[number], 1);

    private static IEnumerable<string> NamesOf(string token, int vectors) =>
        Enumerable.Range(0, vectors).Select(i => i == 0 ? token : FormattableString.Invariant($"{token}_{i}"));
}
